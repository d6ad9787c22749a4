"""How large the chunks of a dataset are, found out once.

Asked for one chunk, the library goes through all that come before it, so that a pass over a dataset takes the square of
its chunks: minutes for a log of some gigabytes. And each block of rows opens the file anew.
"""

from array import array
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

# Compiled modules without stubs.
from h5py import h5i  # pyright: ignore[reportAttributeAccessIssue]

from convscope.ingest.hdf5.grid import Grid
from convscope.ingest.pieces import Stamp
from convscope.values.arrays import IntArray

if TYPE_CHECKING:
    import h5py

MIN_CHUNKS = 64
"""As many may be asked for one after the other."""
MAX_HELD = 1 << 21
"""Chunks that a process remembers at most, of 24 bytes each."""


class StoredChunk(NamedTuple):
    """What the file says of a chunk."""

    n_bytes: int
    mask: int
    """A bit for each filter that was left out."""


@dataclass(frozen=True, slots=True, eq=False)
class ChunkTable:
    """The chunks of a dataset that are stored."""

    numbers: IntArray
    """Of each in the dataset's grid, ascending, shape (n,)."""
    sizes: IntArray
    """Bytes stored, shape (n,)."""
    masks: IntArray
    """Filters left out, shape (n,)."""

    def find(self, number: int) -> StoredChunk | None:
        """Return what is stored of a chunk; None where nothing is."""
        at = int(np.searchsorted(self.numbers, number))
        if at == len(self.numbers) or self.numbers[at] != number:
            return None
        return StoredChunk(int(self.sizes[at]), int(self.masks[at]))


def chunk_table(handle: "h5py.h5d.DatasetID", grid: Grid) -> ChunkTable | None:
    """Return the chunks of a dataset, from memory if this process has seen them in the same file before.

    Parameters
    ----------
    handle
        Open dataset.
    grid
        How it is cut.

    Returns
    -------
    ChunkTable | None
        None where there are so few that each may be asked for, or more than are remembered.

    Raises
    ------
    ValueError
        If it stores more chunks than there is room for.
    """
    if not MIN_CHUNKS < grid.n_chunks <= MAX_HELD:
        return None
    key = (Stamp.of(h5i.get_file_id(handle).get_vfd_handle()), bytes(h5i.get_name(handle)))
    found = _held.pop(key, None) or _table(handle, grid)
    _held[key] = found
    while sum(len(table.numbers) for table in _held.values()) > MAX_HELD:
        _held.popitem(last=False)
    return found


_held: OrderedDict[tuple[Stamp, bytes], ChunkTable] = OrderedDict()


def _table(handle: "h5py.h5d.DatasetID", grid: Grid) -> ChunkTable:
    seen = array("q")

    def note(info: "h5py.h5d.StoreInfo") -> bool | None:
        if grid.has(info.chunk_offset):
            seen.extend((grid.number(info.chunk_offset), info.size, info.filter_mask))
        return True if len(seen) > 3 * grid.n_chunks else None

    handle.chunk_iter(note)
    if len(seen) > 3 * grid.n_chunks:
        raise ValueError("it stores more chunks than there is room for")
    numbers, sizes, masks = np.array(seen, dtype=np.int64).reshape(-1, 3).T
    order = np.argsort(numbers, kind="stable")
    return ChunkTable(numbers[order], sizes[order], masks[order])
