"""Who decides who does what: how far declared roles, agents and starting situations explain the roles found."""
