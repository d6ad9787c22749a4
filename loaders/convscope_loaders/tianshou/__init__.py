"""Replay buffers of Tianshou, as `save_hdf5` writes them."""

from convscope_loaders.tianshou.loader import LOADER

__all__ = ["LOADER"]
