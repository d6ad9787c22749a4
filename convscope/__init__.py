"""Which roles and which routing did a team of agents really learn, and how far are they from what was declared."""

from importlib import import_module
from typing import TYPE_CHECKING

from convscope.version import __version__

if TYPE_CHECKING:
    from convscope.record import record

__all__ = ["__version__", "record"]


def __getattr__(name: str) -> object:
    # The recorder is imported when it is first used, so that the command line starts quickly.
    if name == "record":
        return import_module("convscope.record")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
