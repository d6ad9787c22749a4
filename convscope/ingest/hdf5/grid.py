"""How a dataset is cut into chunks."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import NamedTuple

Corner = tuple[int, ...]
"""Where a chunk starts, on each axis."""
Region = tuple[slice, ...]
"""A part of an array."""


class Grid(NamedTuple):
    """A dataset of at least one axis, and the chunks that it is cut into."""

    shape: tuple[int, ...]
    step: tuple[int, ...]
    """Shape of a chunk; those at the end may stick out."""

    @property
    def n_chunks(self) -> int:
        """How many chunks there are room for."""
        return prod(-(-n // k) for n, k in zip(self.shape, self.step, strict=True))

    def corners(self, start: int, stop: int) -> Iterator[Corner]:
        """Return the chunks that hold some of the rows from ``start`` to ``stop``, row by row."""
        first = range(start // self.step[0] * self.step[0], stop, self.step[0]) if stop > start else range(0)
        return product(first, *(range(0, n, k) for n, k in zip(self.shape[1:], self.step[1:], strict=True)))

    def overlap(self, corner: Corner, start: int, stop: int) -> tuple[Region, Region]:
        """Return where a chunk lies among the rows from ``start`` to ``stop``, and which part of the chunk that is."""
        first, last = max(corner[0], start), min(corner[0] + self.step[0], stop)
        others = zip(corner[1:], self.step[1:], self.shape[1:], strict=True)
        spans = [(at, min(at + n, size)) for at, n, size in others]
        here = (slice(first - start, last - start), *(slice(low, high) for low, high in spans))
        there = (slice(first - corner[0], last - corner[0]), *(slice(0, high - low) for low, high in spans))
        return here, there
