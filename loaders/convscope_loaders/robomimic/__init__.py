"""robomimic demonstrations."""

from convscope_loaders.robomimic.loader import LOADER

__all__ = ["LOADER"]
