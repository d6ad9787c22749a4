"""Rows of a replay buffer in the order of time: without those never written, and from the oldest on in a full ring."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader


@dataclass(frozen=True, slots=True, kw_only=True)
class RingOrder:
    """Which rows hold something, and which of them is the oldest."""

    first: int
    """The oldest row."""
    n_rows: int
    """Rows that were written; all there are, unless ``first`` is 0."""
    may_have_lost: bool = False
    """Whether rows were written over, so that what came before the oldest one is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingView:
    """An array of a buffer in the order of time."""

    own: ArrayInfo
    path: str
    order: RingOrder
    axis: int = 0
    """That of the rows."""

    @property
    def info(self) -> ArrayInfo:
        """As many rows as were written."""
        shape = (*self.own.shape[: self.axis], self.order.n_rows, *self.own.shape[self.axis + 1 :])
        return replace(self.own, path=self.path, shape=shape, pieces=None)

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows, in two pieces where they lie across the end of the ring."""
        first, n_rows = self.order.first, self.order.n_rows
        if self.axis:
            stored = file.read(self.own.path, start, stop)
            return np.take(stored, (first + np.arange(n_rows)) % self.own.shape[self.axis], axis=self.axis)
        low, high = first + start, first + stop
        if high <= n_rows or low >= n_rows:
            turn = n_rows if low >= n_rows else 0
            return np.asarray(file.read(self.own.path, low - turn, high - turn))
        return np.concatenate([file.read(self.own.path, low, n_rows), file.read(self.own.path, 0, high - n_rows)])


@dataclass(frozen=True, slots=True, kw_only=True)
class RingNumbers:
    """What the single numbers beside the arrays of a buffer say; None for what none of them says."""

    cursor: int | None = None
    count: int | None = None
    is_full: bool | None = None


def order_of(numbers: RingNumbers, n_all: int) -> RingOrder | None:
    """Return the order that some numbers tell; None where they contradict each other or the arrays, or leave it open.

    Parameters
    ----------
    numbers
        At least one.
    n_all
        Rows of the arrays.
    """
    cursor, count = numbers.cursor, numbers.count
    if cursor is not None and not 0 <= cursor <= n_all:
        return None
    if count is None and numbers.is_full is not None:
        count = n_all if numbers.is_full else cursor
    if count is None and cursor == n_all:
        count = n_all
    if (
        count is None
        or not 0 <= count <= n_all
        or (numbers.is_full is not None and numbers.is_full != (count == n_all))
    ):
        return None
    if count < n_all:
        return RingOrder(first=0, n_rows=count) if cursor in {None, count} else None
    # One past the last row, which no ring goes on at: nothing was written over.
    if cursor in {None, n_all}:
        return RingOrder(first=0, n_rows=n_all)
    return RingOrder(first=cursor or 0, n_rows=n_all, may_have_lost=True)
