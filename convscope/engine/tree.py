"""A binary tree over numbered partial results: the same shape, so the same bytes, in whatever order they arrive."""

from collections.abc import Callable
from typing import Generic, TypeVar

Partial = TypeVar("Partial")


class TreeReduction(Generic[Partial]):
    """Merges neighbours as soon as both are there, so that few partial results are alive at a time.

    Parameters
    ----------
    n_leaves
        Number of partial results that will come, at least 1.
    merge
        Combines two neighbours, the earlier one first.
    """

    def __init__(self, n_leaves: int, merge: Callable[[Partial, Partial], Partial]) -> None:
        self._n_leaves = n_leaves
        self._merge = merge
        self._alive: dict[tuple[int, int], Partial] = {}

    def add(self, leaf: int, value: Partial) -> None:
        """Take the partial result of one leaf, numbered from 0."""
        level, position, width = 0, leaf, self._n_leaves
        while width > 1:
            sibling = position ^ 1
            if sibling < width:
                if (level, sibling) not in self._alive:
                    break
                other = self._alive.pop((level, sibling))
                value = self._merge(value, other) if position < sibling else self._merge(other, value)
            level, position, width = level + 1, position // 2, -(-width // 2)
        self._alive[level, position] = value

    def result(self) -> Partial:
        """Return the merged result once all leaves have come."""
        (value,) = self._alive.values()
        return value
