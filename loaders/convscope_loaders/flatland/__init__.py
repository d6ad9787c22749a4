"""Flatland: the trajectories of flatland-rl 4, tab-separated tables of events."""

from convscope_loaders.flatland.loader import LOADER, FlatlandLoader

__all__ = ["LOADER", "FlatlandLoader"]
