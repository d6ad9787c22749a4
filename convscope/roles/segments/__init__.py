"""Roles within an episode: how agents act in their situations, followed step by step with a sticky Markov chain."""
