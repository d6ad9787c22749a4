"""Which column of a table would tell rows apart that seem to be of one agent in one timestep."""

from collections.abc import Collection

import numpy as np

from convscope.ingest.container import ArrayReader, Inventory
from convscope.values.arrays import IntArray
from convscope_loaders.structure.lexicon import Meaning, meaning_of_column
from convscope_loaders.tidy.places import read_numbers

_COUNTS = frozenset({None, Meaning.INSTANCE, Meaning.RUN, Meaning.CONDITION, Meaning.EPISODE_ID, Meaning.TEAM})
"""Meanings of columns that may count what goes on side by side."""


def separating_column(file: ArrayReader, inventory: Inventory, cell: IntArray, *, used: Collection[str]) -> str | None:
    """Return the path of the column that makes all rows different; of several that with the fewest values.

    Parameters
    ----------
    file
        Open table.
    inventory
        What it holds.
    cell
        Number of each row's episode, timestep and agent, shape (n,).
    used
        Paths of the columns that ``cell`` was made of.
    """
    found: list[tuple[int, str]] = []
    for path, info in inventory.datasets.items():
        if (
            path in used
            or len(info.shape) != 1
            or "{" in path
            or meaning_of_column(path.strip("/").lower()) not in _COUNTS
        ):
            continue
        values, codes = np.unique(read_numbers(file, path), return_inverse=True)
        is_count = len(values) * 2 <= len(cell) and bool((values % 1 == 0).all())
        if is_count and len(np.unique(cell * len(values) + codes.reshape(-1))) == len(cell):
            found.append((len(values), path))
    return min(found)[1] if found else None


def remedy(path: str, episode: Collection[str]) -> str:
    """Return what to do about rows that a column tells apart, in words."""
    name = path.strip("/")
    told = ", ".join(f'"{column.strip("/")}"' for column in episode if "{" not in column)
    key = f'say episode = [{told}, "{name}"] under [table] in a mapping' if told else "call it env_id"
    return f"{name} would tell them apart: if it counts environments side by side, {key}"
