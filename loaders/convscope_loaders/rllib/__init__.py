"""What RLlib records: episodes and columns in Parquet (new API stack), batches in JSON lines (old one)."""

from convscope_loaders.rllib.loader import LOADER

__all__ = ["LOADER"]
