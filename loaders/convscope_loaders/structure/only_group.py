"""The one group of a file that holds what a framework writes."""

from collections.abc import Callable
from typing import TypeVar

from convscope.ingest.container import Inventory

_Found = TypeVar("_Found")


def only_group(inventory: Inventory, leaf: str, look: Callable[[Inventory, str], _Found | None]) -> _Found | None:
    """Return what the only group that fits holds; None where none fits, or several.

    Parameters
    ----------
    inventory
        Of the file.
    leaf
        Path within the group of an array that it must have, such as ``/actions``.
    look
        Says what a group holds, which is given by its path (empty for the root); None where it does not fit.
    """
    groups = (path.removesuffix(leaf) for path in inventory.datasets if path.endswith(leaf))
    found = [one for group in groups if (one := look(inventory, group)) is not None]
    return found[0] if len(found) == 1 else None
