"""The rows of a replay buffer in the order of time, cut into episodes.

A buffer is one ring, or several that follow each other in the same arrays, one for each environment that ran beside the
others. A full ring goes on at its first row, over the oldest ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory, Value
from convscope.values.arrays import BoolArray, IntArray, sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Rows that were filled one after the other."""

    low: int
    """First row of the arrays that belongs to it."""
    capacity: int
    """How many do."""
    oldest: int
    """Row that was written first of those still there."""
    size: int
    """Rows that hold something."""
    may_have_lost: bool
    """Whether it is full, so that what came before its oldest row may have been written over."""

    @property
    def rows(self) -> IntArray:
        """The rows in the order of time, shape (size,)."""
        return self.low + (self.oldest - self.low + np.arange(self.size)) % max(self.capacity, 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RingEpisodes:
    """Episodes in the order of time, one ring's after another's."""

    low: IntArray
    """First row of the episode's ring, shape (E,)."""
    capacity: IntArray
    """Rows of that ring, shape (E,)."""
    first: IntArray
    """Row of the first step, shape (E,)."""
    length: IntArray
    """Steps, shape (E,)."""
    is_open: BoolArray
    """Whether the recording, or the episode, stops without an end flag, shape (E,)."""
    n_headless: int
    """Episodes left out because their beginning may have been written over."""

    def __post_init__(self) -> None:
        for name in ("low", "capacity", "first", "length", "is_open"):
            object.__setattr__(self, name, sealed(getattr(self, name), (None,), name))

    def rows_at(self, episode: IntArray, step: IntArray) -> IntArray:
        """Return the rows of some steps."""
        low, capacity = self.low[episode], self.capacity[episode]
        return low + (self.first[episode] - low + step) % capacity


def read_rings(file: ArrayReader, inventory: Inventory, place: str) -> tuple[Ring, ...]:
    """Return the rings of a buffer.

    Raises
    ------
    LogFormatError
        If the numbers that describe them do not fit together.
    """
    told = inventory.attributes.get("/", {})
    maxsize = _count(told, "maxsize", place)
    if "/_lengths" not in inventory.datasets:
        return (_single(file, inventory, told, place=place),)
    edges, lengths, newest = (_list(file, inventory, name, place=place) for name in _MANAGED)
    if len(edges) != len(lengths) + 1 or len(newest) != len(lengths) or edges[-1] != maxsize:
        raise LogFormatError(f"{place}: _extend_offset, _lengths and last_index do not fit together")
    return tuple(
        _ring(low=low, capacity=stop - low, size=size, newest=last, place=place)
        for low, stop, size, last in zip(edges[:-1], edges[1:], lengths, newest, strict=True)
    )


def cut_episodes(rings: Sequence[Ring], is_end: BoolArray, is_break: BoolArray) -> RingEpisodes:
    """Cut rings into episodes.

    Parameters
    ----------
    rings
        Of one buffer.
    is_end
        Whether a row is the last of its episode, shape (rows of the arrays,).
    is_break
        Whether the row written next belongs to another episode though this one did not end, the same shape.

    Returns
    -------
    RingEpisodes
        The oldest episode of a ring that may have lost its beginning is left out.
    """
    found: list[tuple[int, int, int, int, bool]] = []
    n_headless = 0
    for ring in rings:
        rows = ring.rows
        is_last = is_end[rows] | is_break[rows]
        is_last[-1:] = True
        stops = np.flatnonzero(is_last) + 1
        starts = np.append(0, stops)[:-1]
        lost = int(ring.may_have_lost and len(stops) > 0)
        n_headless += lost
        found.extend(
            (ring.low, ring.capacity, int(rows[start]), stop - start, not is_end[rows[stop - 1]])
            for start, stop in zip(starts[lost:].tolist(), stops[lost:].tolist(), strict=True)
        )
    low, capacity, first, length, is_open = np.array(found, dtype=np.int64).reshape(-1, 5).T
    return RingEpisodes(
        low=low, capacity=capacity, first=first, length=length, is_open=is_open > 0, n_headless=n_headless
    )


_MANAGED = ("/_extend_offset", "/_lengths", "/last_index")


def _single(file: ArrayReader, inventory: Inventory, told: Mapping[str, Value], *, place: str) -> Ring:
    size, capacity = _count(told, "_size", place), _count(told, "maxsize", place)
    # Called _index before version 1.
    insertion = _count(told, "_insertion_idx" if "_insertion_idx" in told else "_index", place)
    if size > capacity or insertion >= max(capacity, 1) or (size < capacity and insertion != size):
        raise LogFormatError(f"{place}: _size {size}, maxsize {capacity} and insertion index {insertion} do not fit")
    newest = _list(file, inventory, "/last_index", place=place)
    # Rows that were set at once (`from_data`), not added one by one, leave both indices at 0: nothing was lost.
    was_set = insertion == 0 and newest == [0] and capacity > 1
    is_full = size == capacity and size > 0
    return Ring(
        low=0, capacity=capacity, oldest=insertion if is_full else 0, size=size, may_have_lost=is_full and not was_set
    )


def _ring(*, low: int, capacity: int, size: int, newest: int, place: str) -> Ring:
    is_full = size == capacity and size > 0
    fits = low >= 0 and 0 <= size <= capacity and (not size or low <= newest < low + capacity)
    if not fits or (0 < size < capacity and newest != low + size - 1):
        raise LogFormatError(
            f"{place}: a buffer of rows {low} to {low + capacity} cannot hold {size}, the last {newest}"
        )
    oldest = low + (newest + 1 - low) % capacity if is_full else low
    return Ring(low=low, capacity=capacity, oldest=oldest, size=size, may_have_lost=is_full)


def _count(told: Mapping[str, Value], name: str, place: str) -> int:
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise LogFormatError(f"{place} has no attribute {name} that counts rows; it is no whole replay buffer")
    return value


def _list(file: ArrayReader, inventory: Inventory, name: str, *, place: str) -> list[int]:
    info = inventory.datasets.get(name)
    if info is None or len(info.shape) != 1 or not info.is_whole or info.shape[0] > _MAX_RINGS:
        raise LogFormatError(f"{place} has no list {name} of row numbers; it is no whole replay buffer")
    return [int(value) for value in file.read(name).tolist()]


_MAX_RINGS = 1 << 20
