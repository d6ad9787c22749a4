"""Rollouts of JaxMARL's baselines, saved leaf by leaf."""

from convscope_loaders.jaxmarl.loader import LOADER

__all__ = ["LOADER"]
