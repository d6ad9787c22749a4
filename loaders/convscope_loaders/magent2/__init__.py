"""MAgent2: what the engine writes for its renderer."""

from convscope_loaders.magent2.loader import LOADER, MAgent2Loader

__all__ = ["LOADER", "MAgent2Loader"]
