"""The convscope log format (``docs/log-format.md``): what ``convscope convert`` and recorders write."""

from convscope_loaders.convscope_log.loader import LOADER

__all__ = ["LOADER"]
