"""Routing: who draws on whom, and how each role divides its attention."""
