"""Routing from weights that the framework logged: shares, their sums, and what they say of edges."""
