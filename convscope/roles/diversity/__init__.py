"""How differently the agents of a team behave: System Neural Diversity, social entropy and role diversity."""
