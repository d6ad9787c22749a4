"""Overcooked-AI: trajectories that its evaluator saves, and trials of human pairs."""

from convscope_loaders.overcooked.loader import LOADER, OvercookedLoader

__all__ = ["LOADER", "OvercookedLoader"]
