"""Memories that skrl exports, a file for each agent."""

from convscope_loaders.skrl.loader import LOADER

__all__ = ["LOADER"]
