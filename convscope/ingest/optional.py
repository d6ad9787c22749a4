"""Packages that only some logs need."""

from importlib import import_module
from types import ModuleType

from convscope.errors import MissingPackageError


def import_optional(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import a package that is not installed with convscope itself.

    Parameters
    ----------
    module
        What to import.
    extra
        Extra of convscope that installs it.
    purpose
        What it is needed for, as in ``"a Flashbax vault"``.

    Raises
    ------
    MissingPackageError
        If it is not installed; the message says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{purpose} needs the package {module.partition('.')[0]}, which cannot be imported ({error}): "
            f"pip install 'convscope[{extra}]'"
        ) from error
