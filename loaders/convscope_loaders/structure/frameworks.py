"""Frameworks whose files are understood by structure alone, so that only their name is to be told."""

from convscope.ingest.container import Inventory

_ARRAYS_OF = {"OMIGA": frozenset({"/s", "/o", "/a", "/r", "/d"})}
"""Arrays that a framework's files hold, and no others."""


def framework_of(inventory: Inventory) -> str | None:
    """Return the name of the framework that calls its arrays so; None where none does."""
    held = frozenset(inventory.datasets)
    return next((name for name, arrays in _ARRAYS_OF.items() if arrays == held), None)
