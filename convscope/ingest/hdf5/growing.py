"""A file that grows while others read it, and that a killed writer leaves readable (HDF5's SWMR mode).

What is in a file when `open_growing` opens it is all that it will ever consist of: groups, columns and attributes made
later are accepted by the library and lost. Only columns grow.
"""

import os
from functools import cache
from pathlib import Path
from weakref import WeakSet

import h5py

from convscope.ingest.hdf5.publishing import writing
from convscope.ingest.hdf5.storage import CHUNK_BYTES, Storage
from convscope.ingest.hdf5.writing import Hdf5Writer

MIN_CHUNK_ROWS = 64
"""A reader refuses columns in very many chunks of less than 64 bytes …"""
MAX_CHUNK_BYTES = 16 << 20
"""… and chunks that are very large."""

TABLE = Storage(chunk_rows=512)
"""Of tables that grow by an entry at a time. Their last chunk is written again and again, in its place: without filters
that changes no byte of the entries that were there, so that a write that was killed halfway spoils none of them."""
TEXTS = Storage(chunk_rows=32)
"""The same, for texts."""

_CHECKED: dict[str, bool | str | int] = {"fletcher32": True}
_QUICKLY_PACKED: dict[str, bool | str | int] = {**_CHECKED, "compression": "lzf", "shuffle": True}


def rows_storage(row_bytes: int, n_rows: int) -> Storage:
    """Return how columns lie in the file that grow by many rows at a time.

    Parameters
    ----------
    row_bytes
        Bytes of a row of the widest column.
    n_rows
        Rows that are written at a time, as far as is known.

    Notes
    -----
    All columns have chunks of equally many rows, so that a writer can begin each piece in a new chunk (`next_chunk`).
    A chunk is then written once: one that is written again moves, because it is compressed, and leaves a hole of its
    size behind, and one that happens to keep its size would be in danger when the writer is killed.
    """
    least = max(1, min(MIN_CHUNK_ROWS, MAX_CHUNK_BYTES // max(1, row_bytes)))
    chunk_rows = max(least, min(n_rows, CHUNK_BYTES // max(1, row_bytes)))
    # Floats hardly get smaller, and packing them takes a fiftieth of the time of the steps that they come from.
    return Storage(filters=_QUICKLY_PACKED, float_filters=_CHECKED, chunk_rows=chunk_rows)


def next_chunk(n_rows: int, storage: Storage) -> int:
    """Return the first row of the next chunk that nothing was written to."""
    step = storage.chunk_rows or 1
    return -(-n_rows // step) * step


def open_growing(path: Path) -> Hdf5Writer:
    """Open a file that `create_hdf5` made, as its only writer.

    Parameters
    ----------
    path
        Closed, and written by no other.

    Raises
    ------
    OutputError
        If it cannot be opened, or another process writes it.
    """
    with writing(path):
        file = h5py.File(path, "r+", libver=("v110", "v110"))
        file.swmr_mode = True  # which gives up the lock, so that readers may come
    writer = Hdf5Writer(file)
    _keep_from_children(writer)
    return writer


_kept_from_children = WeakSet[Hdf5Writer]()


def _keep_from_children(writer: Hdf5Writer) -> None:
    """See to it that a process that is forked off does not write the file when it ends.

    The library would: it closes what is open, with what it knew of the file when the process was forked off.
    """
    _watch_forks()
    _kept_from_children.add(writer)


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):  # not on Windows, which forks nothing
        os.register_at_fork(after_in_child=_cut_off)


def _cut_off() -> None:
    for writer in list(_kept_from_children):
        writer.cut_off()
