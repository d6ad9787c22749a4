"""d3rlpy data sets."""

from convscope_loaders.d3rlpy.loader import LOADER

__all__ = ["LOADER"]
