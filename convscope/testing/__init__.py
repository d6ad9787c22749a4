"""The contract for loader authors: what every loader promises, checked on a file (``docs/loaders.md``)."""

from convscope.testing.contract import LoaderContractError, check_loader

__all__ = ["LoaderContractError", "check_loader"]
