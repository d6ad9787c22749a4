"""Rows of chunked datasets, each chunk decoded once and to its exact length."""

from dataclasses import dataclass
from math import prod
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

# A compiled module without stubs.
from h5py import h5i  # pyright: ignore[reportAttributeAccessIssue]

from convscope.ingest.hdf5.datasets import CheckedDataset
from convscope.ingest.hdf5.decoding import Content, Encoding
from convscope.ingest.hdf5.grid import Corner, Grid


def read_chunked(
    dataset: CheckedDataset, start: int, stop: int, *, where: str, dtype: npt.DTypeLike | None = None
) -> npt.NDArray[Any]:
    """Read rows of a chunked dataset.

    Parameters
    ----------
    dataset
        Chunked, of at least one axis.
    start, stop
        Rows of axis 0, within the dataset.
    where
        File and path, for errors.
    dtype
        Type to return; the dataset's when left out.

    Returns
    -------
    NDArray
        Shape (stop - start, ...); rows that were never stored hold the fill value.

    Raises
    ------
    RefusedFileError
        If a stored chunk does not decode to exactly what it declares.
    """
    chunks = _Chunks.of(dataset, where)
    stored, grid = dataset.kind.dtype, chunks.grid
    if not chunks.encoding.is_decoded_here or not dataset.is_plain(stored):
        _check(chunks, start, stop)
        return np.asarray(h5py.Dataset(dataset.handle)[start:stop], dtype=dtype)
    rows = np.empty((stop - start, *dataset.shape[1:]), stored if dtype is None else dtype)
    for corner in grid.corners(start, stop):
        content = chunks.content(corner)
        here, there = grid.overlap(corner, start, stop)
        if content is None:
            rows[here] = h5py.Dataset(dataset.handle).fillvalue
        else:
            rows[here] = np.frombuffer(content, stored).reshape(grid.step)[there]
    return rows


def check_chunks(dataset: CheckedDataset, start: int, stop: int, *, where: str) -> None:
    """Make sure of the chunks of rows that the library itself has to decode; parameters as for `read_chunked`.

    Raises
    ------
    RefusedFileError
        If a stored chunk does not decode to exactly what it declares.
    """
    _check(_Chunks.of(dataset, where), start, stop)


def stored_item_bytes(dataset: CheckedDataset) -> int:
    """Return the bytes of an element in the file, which memory may hold in another size."""
    if isinstance(dataset.kind, h5py.h5t.TypeStringID) and dataset.kind.is_variable_str():
        # The library tells the size of a pointer; the file holds a length, an address and a number in its heap.
        address_bytes, _ = h5i.get_file_id(dataset.handle).get_create_plist().get_sizes()
        return 8 + int(address_bytes)
    return dataset.item_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunks:
    handle: "h5py.h5d.DatasetID"
    grid: Grid
    encoding: Encoding
    where: str

    @classmethod
    def of(cls, dataset: CheckedDataset, where: str) -> "_Chunks":
        grid = Grid(dataset.shape, dataset.chunk or dataset.shape)
        item_bytes = stored_item_bytes(dataset)
        encoding = Encoding(filters=dataset.filters, item_bytes=item_bytes, n_bytes=prod(grid.step) * item_bytes)
        return cls(handle=dataset.handle, grid=grid, encoding=encoding, where=where)

    def content(self, corner: Corner) -> Content | None:
        """Return a chunk decoded; None where none is stored."""
        applied = self.applied(corner)
        if applied is None:
            return None
        stored = bytes(self.handle.read_direct_chunk(corner)[1])
        return self.encoding.decoded(stored, applied, self.place(corner))

    def applied(self, corner: Corner) -> tuple[int, ...] | None:
        """Return the filters of a chunk after a look at its size; None where none is stored."""
        info = self.handle.get_chunk_info_by_coord(corner)
        if info.byte_offset is None:
            return None
        return self.encoding.applied(info.filter_mask, info.size, self.place(corner))

    def place(self, corner: Corner) -> str:
        """Return how errors name a chunk."""
        return f"{self.where}: the chunk at {corner}"


def _check(chunks: _Chunks, start: int, stop: int) -> None:
    look = chunks.content if chunks.encoding.is_decoded_here else chunks.applied
    for corner in chunks.grid.corners(start, stop):
        look(corner)
