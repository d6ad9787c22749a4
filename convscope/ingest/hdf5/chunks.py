"""Rows of chunked datasets, each chunk decoded once and to its exact length."""

from dataclasses import dataclass
from math import prod
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

# A compiled module without stubs.
from h5py import h5i  # pyright: ignore[reportAttributeAccessIssue]

from convscope.ingest.hdf5.chunk_tables import ChunkTable, StoredChunk, chunk_table
from convscope.ingest.hdf5.datasets import CheckedDataset
from convscope.ingest.hdf5.decoding import Content, Encoding
from convscope.ingest.hdf5.grid import Box, Corner, Grid


def read_chunked(
    dataset: CheckedDataset, box: Box, *, where: str, dtype: npt.DTypeLike | None = None
) -> npt.NDArray[Any]:
    """Read a part of a chunked dataset.

    Parameters
    ----------
    dataset
        Chunked, of at least one axis.
    box
        Within the dataset.
    where
        File and path, for errors.
    dtype
        Type to return; the dataset's when left out.

    Returns
    -------
    NDArray
        Of the shape of the box; what was never stored is the fill value.

    Raises
    ------
    RefusedFileError
        If a stored chunk does not decode to exactly what it declares.
    """
    chunks = _Chunks.of(dataset, where)
    stored, grid = dataset.dtype, chunks.grid
    if not chunks.encoding.is_decoded_here or not dataset.is_plain:
        check_chunks(dataset, box, where=where)
        return read_by_library(dataset, box, dtype)
    part = np.empty([stop - start for start, stop in box], stored if dtype is None else dtype)
    for corner in grid.corners(box):
        content = chunks.content(corner)
        here, there = grid.overlap(corner, box)
        if content is None:
            part[here] = h5py.Dataset(dataset.handle).fillvalue
        else:
            part[here] = np.frombuffer(content, stored).reshape(grid.step)[there]
    return part


def check_chunks(dataset: CheckedDataset, box: Box, *, where: str) -> None:
    """Make sure of chunks that the library itself has to decode; parameters as for `read_chunked`.

    Raises
    ------
    RefusedFileError
        If a stored chunk does not decode to exactly what it declares.
    """
    chunks = _Chunks.of(dataset, where)
    look = chunks.content if chunks.encoding.is_decoded_here else chunks.applied
    for corner in chunks.grid.corners(box):
        look(corner)


def read_by_library(dataset: CheckedDataset, box: Box, dtype: npt.DTypeLike | None) -> npt.NDArray[Any]:
    """Let the library read a part of a dataset, of which every stored byte is accounted for."""
    return np.asarray(h5py.Dataset(dataset.handle)[tuple(slice(*span) for span in box)], dtype=dtype)


def stored_item_bytes(dataset: CheckedDataset) -> int:
    """Return the bytes of an element in the file, which memory may hold in another size."""
    n_varying = _n_varying(dataset.kind)
    if not n_varying:
        return dataset.item_bytes
    # The library tells the size of a pointer; the file holds a length, an address and a number in its heap.
    address_bytes, _ = h5i.get_file_id(dataset.handle).get_create_plist().get_sizes()
    return int(dataset.kind.get_size()) + int(address_bytes) * n_varying


def _n_varying(kind: "h5py.h5t.TypeID") -> int:
    """Return how many texts of varying length an element holds."""
    if isinstance(kind, h5py.h5t.TypeCompoundID):
        return sum(_n_varying(kind.get_member_type(member)) for member in range(kind.get_nmembers()))
    return int(isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunks:
    handle: "h5py.h5d.DatasetID"
    grid: Grid
    encoding: Encoding
    table: ChunkTable | None
    """None where each is asked for."""
    where: str

    @classmethod
    def of(cls, dataset: CheckedDataset, where: str) -> "_Chunks":
        grid = Grid(dataset.shape, dataset.chunk or dataset.shape)
        item_bytes = stored_item_bytes(dataset)
        encoding = Encoding(filters=dataset.filters, item_bytes=item_bytes, n_bytes=prod(grid.step) * item_bytes)
        table = chunk_table(dataset.handle, grid)
        return cls(handle=dataset.handle, grid=grid, encoding=encoding, table=table, where=where)

    def content(self, corner: Corner) -> Content | None:
        """Return a chunk decoded; None where none is stored."""
        applied = self.applied(corner)
        if applied is None:
            return None
        stored = bytes(self.handle.read_direct_chunk(corner)[1])
        return self.encoding.decoded(stored, applied, self.place(corner))

    def applied(self, corner: Corner) -> tuple[int, ...] | None:
        """Return the filters of a chunk after a look at its size; None where none is stored."""
        stored = self.stored(corner)
        return None if stored is None else self.encoding.applied(stored.mask, stored.n_bytes, self.place(corner))

    def stored(self, corner: Corner) -> StoredChunk | None:
        """Return what the file says of a chunk; None where none is stored."""
        if self.table is not None:
            return self.table.find(self.grid.number(corner))
        info = self.handle.get_chunk_info_by_coord(corner)
        return None if info.byte_offset is None else StoredChunk(int(info.size), int(info.filter_mask))

    def place(self, corner: Corner) -> str:
        """Return how errors name a chunk."""
        return f"{self.where}: the chunk at {corner}"
