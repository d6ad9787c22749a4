"""How a dataset is cut into chunks."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import NamedTuple

Corner = tuple[int, ...]
"""Where a chunk starts, on each axis."""
Box = tuple[tuple[int, int], ...]
"""A part of a dataset: from where to where on each axis."""
Region = tuple[slice, ...]
"""A part of an array in memory."""


class Grid(NamedTuple):
    """A dataset of at least one axis, and the chunks that it is cut into."""

    shape: tuple[int, ...]
    step: tuple[int, ...]
    """Shape of a chunk; those at the end may stick out."""

    @property
    def n_chunks(self) -> int:
        """How many chunks there are room for."""
        return prod(-(-n // k) for n, k in zip(self.shape, self.step, strict=True))

    def has(self, corner: Corner) -> bool:
        """Whether a chunk starts there."""
        return all(0 <= at < n and at % k == 0 for at, n, k in zip(corner, self.shape, self.step, strict=True))

    def number(self, corner: Corner) -> int:
        """Return how many chunks come before one, row by row."""
        number = 0
        for at, n, k in zip(corner, self.shape, self.step, strict=True):
            number = number * -(-n // k) + at // k
        return number

    def corners(self, box: Box) -> Iterator[Corner]:
        """Return the chunks that hold some of a box, row by row."""
        spans = zip(box, self.step, strict=True)
        return product(*(range(low // k * k, high if high > low else low // k * k, k) for (low, high), k in spans))

    def overlap(self, corner: Corner, box: Box) -> tuple[Region, Region]:
        """Return where a chunk lies within a box, and which part of the chunk that is."""
        here: list[slice] = []
        there: list[slice] = []
        for at, n, (low, high) in zip(corner, self.step, box, strict=True):
            first, last = max(at, low), min(at + n, high)
            here.append(slice(first - low, last - low))
            there.append(slice(first - at, last - at))
        return tuple(here), tuple(there)


def box_of(shape: tuple[int, ...], spans: Mapping[int, tuple[int, int | None]]) -> Box:
    """Return a box that lies within a dataset.

    Parameters
    ----------
    shape
        Of the dataset.
    spans
        From where to where (None for the end) on some axes; the others are taken whole.
    """
    box: list[tuple[int, int]] = []
    for axis, n in enumerate(shape):
        start, stop = spans.get(axis, (0, None))
        box.append((start, max(min(n if stop is None else stop, n), start)))
    return tuple(box)
