"""Where the bytes of small datasets lie.

The library takes some 40 microseconds to open a dataset, as long as it takes to read 100 kB: of an episode's small
arrays that is nearly all. The walk over a file opens every dataset anyway.
"""

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from convscope.ingest.hdf5.datasets import CheckedDataset
from convscope.ingest.hdf5.decoding import DECODED_HERE
from convscope.ingest.hdf5.grid import Corner, Grid, box_of
from convscope.ingest.pieces import Pieces, packed_pieces

if TYPE_CHECKING:
    import h5py

MAX_PIECES = 64
"""Chunks of a dataset that is worth it; the time for opening a larger one is little beside that for reading it."""


def find_pieces(dataset: CheckedDataset, n_file_bytes: int) -> Pieces | None:
    """Return where a dataset's bytes lie; None where only the library can read it, or does as well.

    Parameters
    ----------
    dataset
        In a file without a preamble.
    n_file_bytes
        Size of the file.
    """
    is_empty = not dataset.shape or 0 in dataset.shape
    if dataset.number is None or is_empty or not DECODED_HERE.issuperset(dataset.filters):
        return None
    pieces = _whole(dataset.handle) if dataset.chunk is None else _chunks(dataset)
    there = [(place, n, mask) for place, n, mask in pieces if place is not None and place + n <= n_file_bytes]
    if not there or len(there) < len(pieces):
        return None
    step = dataset.chunk or dataset.shape
    return Pieces(
        shape=dataset.shape,
        dtype=sys.intern(dataset.number.str),
        filters=dataset.filters,
        # One tuple for both, where they agree: there may be millions.
        step=dataset.shape if step == dataset.shape else step,
        table=packed_pieces(there),
    )


@lru_cache(maxsize=1 << 10)
def corners_of(grid: Grid) -> tuple[Corner, ...]:
    """Return where chunks start; nowhere, if there are more than it is worth."""
    return tuple(grid.corners(box_of(grid.shape, {}))) if grid.n_chunks <= MAX_PIECES else ()


_Piece = tuple[int | None, int, int]


def _whole(handle: "h5py.h5d.DatasetID") -> list[_Piece]:
    # None for what was never stored, and for the few bytes that the library keeps in the dataset's own header.
    return [(handle.get_offset(), int(handle.get_storage_size()), 0)]


def _chunks(dataset: CheckedDataset) -> list[_Piece]:
    grid = Grid(dataset.shape, dataset.chunk or dataset.shape)
    corners = corners_of(grid)
    infos = [dataset.handle.get_chunk_info_by_coord(corner) for corner in corners]
    return [(info.byte_offset, info.size, info.filter_mask) for info in infos]
