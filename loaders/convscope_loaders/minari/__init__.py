"""Minari datasets in HDF5: a Dict or Tuple space with one entry per agent."""

from convscope_loaders.minari.loader import LOADER

__all__ = ["LOADER"]
