"""Rows of a memory in time order: without those never written, and from the oldest on where it is a ring."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.container import ArrayReader, Inventory
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.ring_order import RingOrder
from convscope_loaders.structure.succession import is_same

_NEXT = "next_observations"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOrder:
    """Which rows of a memory hold samples, and which is the oldest."""

    ring: RingOrder
    is_known: bool
    """Whether the samples themselves show the order."""


def memory_order(n_rows: int, n_all: int, follows: BoolArray | None, *, is_over: BoolArray) -> MemoryOrder:
    """Find the order of the memories of one export.

    Parameters
    ----------
    n_rows, n_all
        Rows that hold samples, and all there are.
    follows
        As `following_rows` returns it; None where next observations are not stored.
    is_over
        Whether an episode ends with a row, shape (T, E).

    Notes
    -----
    A full memory begins again with its first row and stores nowhere which row is the oldest; an export that skrl makes
    by itself happens when it is just full. Next observations show the order: the last row's is found in the first where
    the memory has come round, and the newest row's nowhere.
    """
    plain = MemoryOrder(ring=RingOrder(first=0, n_rows=n_rows), is_known=n_rows < n_all)
    if follows is None or plain.is_known:
        return plain
    seams = np.flatnonzero(~follows[:-1].any(axis=1) & ~is_over[:-1].all(axis=1))
    if follows[-1].any() and len(seams) == 1:
        return MemoryOrder(ring=RingOrder(first=int(seams[0]) + 1, n_rows=n_rows), is_known=True)
    return replace(plain, is_known=not len(seams) and not follows[-1].any())


def following_rows(inventory: Inventory, file: ArrayReader, groups: Sequence[str], *, n_rows: int) -> BoolArray | None:
    """Return whether each row's next observations are the following row's, the first row following the last.

    Returns
    -------
    BoolArray or None
        Shape (T, E); None where next observations are not stored.
    """
    if not all(_path(group, _NEXT) in inventory.datasets for group in groups):
        return None
    return np.asarray(np.logical_and.reduce([_follows(file, group, n_rows) for group in groups]), dtype=np.bool_)


def written_rows(inventory: Inventory, file: ArrayReader, group: str) -> int:
    """Return how many rows hold samples: skrl fills arrays of floats with NaN before it writes into them."""
    n_rows = inventory.datasets[_path(group)].shape[0]
    for name in ("rewards", "observations"):
        info = inventory.datasets.get(_path(group, name))
        if info is not None and info.shape[:1] == (n_rows,) and not info.is_text and np.dtype(info.dtype).kind == "f":
            is_written = ~np.isnan(file.read(info.path)).reshape(n_rows, -1).all(axis=1)
            return int(np.flatnonzero(is_written).max(initial=-1)) + 1
    return n_rows


def _follows(file: ArrayReader, group: str, n_rows: int) -> BoolArray:
    observed, then = (np.asarray(file.read(_path(group, name), 0, n_rows)) for name in ("observations", _NEXT))
    return is_same(then, np.roll(observed, -1, axis=0), 2)


def _path(group: str, name: str = "observations") -> str:
    return f"{group}/{name}"
