"""Roles that are found in behaviour: which agents can be told apart, and how many roles units play."""
