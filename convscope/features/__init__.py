"""Behaviour features of units: families, and the fold that computes them in the pass over a log."""
