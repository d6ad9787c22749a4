"""Where the bytes of a dataset lie in its file, so that its rows can be read without another word to the library.

The library takes some 40 microseconds to open a dataset, as long as it takes to read 100 kB: of an episode's small
arrays that is nearly all. The walk over a file opens every dataset anyway.
"""

import os
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.hdf5.datasets import CheckedDataset
from convscope.ingest.hdf5.decoding import DECODED_HERE
from convscope.ingest.hdf5.grid import Grid

if TYPE_CHECKING:
    import h5py

MAX_PIECES = 64
"""Chunks of a dataset that is worth it; the time for opening a larger one is little beside that for reading it."""
PIECE_NUMBERS = 3
"""Of each piece: place in the file, bytes stored, filters left out."""

_PIECE = struct.Struct(f"<{PIECE_NUMBERS}q")


class Stamp(NamedTuple):
    """What tells whether a file is still the one that was walked over."""

    n_bytes: int
    modified: int
    """Nanoseconds."""
    number: int
    """Of the file on its disk."""

    @classmethod
    def of(cls, file: "h5py.h5f.FileID") -> "Stamp":
        """Return the stamp of an open file."""
        state = os.fstat(file.get_vfd_handle())
        return cls(state.st_size, state.st_mtime_ns, state.st_ino)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A dataset of plain numbers whose bytes lie in a few pieces."""

    shape: tuple[int, ...]
    dtype: str
    """As numpy writes it."""
    filters: tuple[int, ...]
    """In the order in which they were applied."""
    step: tuple[int, ...]
    """Shape of a piece."""
    pieces: bytes
    """`PIECE_NUMBERS` of each piece, row by row, as int64; there may be millions of them."""

    @property
    def n_pieces(self) -> int:
        """How many pieces there are."""
        return len(self.pieces) // _PIECE.size


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInfo(ArrayInfo):
    """A dataset, and where its bytes lie."""

    storage: Storage | None = field(default=None, repr=False, compare=False)
    """None where only the library can read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInventory(Inventory):
    """What an HDF5 file holds."""

    stamp: Stamp | None = None
    """Of the file that was walked over; None where it may still grow."""


def find_storage(dataset: CheckedDataset, dtype: np.dtype[Any], n_file_bytes: int) -> Storage | None:
    """Return where a dataset's bytes lie; None where only the library can read it, or does as well.

    Parameters
    ----------
    dataset
        In a file without a preamble.
    dtype
        Its type in memory, plain numbers.
    n_file_bytes
        Size of the file.
    """
    is_readable = DECODED_HERE.issuperset(dataset.filters) and dataset.is_plain(dtype)
    if not dataset.shape or 0 in dataset.shape or not is_readable:
        return None
    pieces = _whole(dataset.handle) if dataset.chunk is None else _chunks(dataset)
    if not pieces or any(place is None or place + n_bytes > n_file_bytes for place, n_bytes, _ in pieces):
        return None
    step = dataset.chunk or dataset.shape
    return Storage(
        shape=dataset.shape,
        dtype=sys.intern(dtype.str),
        filters=dataset.filters,
        # One tuple for both, where they agree: there may be millions.
        step=dataset.shape if step == dataset.shape else step,
        pieces=b"".join(_PIECE.pack(*piece) for piece in pieces),
    )


_Piece = tuple[int | None, int, int]


def _whole(handle: "h5py.h5d.DatasetID") -> list[_Piece]:
    # None for what was never stored, and for the few bytes that the library keeps in the dataset's own header.
    return [(handle.get_offset(), int(handle.get_storage_size()), 0)]


def _chunks(dataset: CheckedDataset) -> list[_Piece]:
    grid = Grid(dataset.shape, dataset.chunk or dataset.shape)
    if grid.n_chunks > MAX_PIECES:
        return []
    infos = (dataset.handle.get_chunk_info_by_coord(corner) for corner in grid.corners(0, dataset.shape[0]))
    return [(info.byte_offset, int(info.size), int(info.filter_mask)) for info in infos]
