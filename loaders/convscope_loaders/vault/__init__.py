"""Flashbax vaults, as OG-MARL and Mava record them."""

from convscope_loaders.vault.loader import LOADER

__all__ = ["LOADER"]
