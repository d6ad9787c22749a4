"""Rows of chunked datasets, each chunk decoded once and to its exact length."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

# A compiled module without stubs.
from h5py import h5i  # pyright: ignore[reportAttributeAccessIssue]

from convscope.ingest.hdf5.decoding import Encoding

Corner = tuple[int, ...]
"""Where a chunk starts, on each axis."""


def read_chunked(dataset: "h5py.Dataset", start: int, stop: int, *, where: str) -> npt.NDArray[Any]:
    """Read rows of a chunked dataset.

    Parameters
    ----------
    dataset
        Chunked, of at least one axis.
    start, stop
        Rows of axis 0, within the dataset.
    where
        File and path, for errors.

    Returns
    -------
    NDArray
        Shape (stop - start, ...), the dataset's type; rows that were never stored hold the fill value.

    Raises
    ------
    RefusedFileError
        If a stored chunk does not decode to exactly what it declares.
    """
    chunks = _Chunks.of(dataset, where)
    if not chunks.encoding.is_decoded_here or chunks.dtype.itemsize != chunks.encoding.item_bytes:
        _check(chunks, start, stop)
        return np.asarray(dataset[start:stop])
    rows = np.empty((stop - start, *chunks.shape[1:]), chunks.dtype)
    for corner in chunks.corners(start, stop):
        content = chunks.content(corner)
        here, there = chunks.overlap(corner, start, stop)
        if content is None:
            rows[here] = dataset.fillvalue
        else:
            rows[here] = np.frombuffer(content, chunks.dtype).reshape(chunks.step)[there]
    return rows


def check_chunks(dataset: "h5py.Dataset", start: int, stop: int, *, where: str) -> None:
    """Make sure of the chunks of rows that the library itself has to decode; parameters as for `read_chunked`.

    Raises
    ------
    RefusedFileError
        If a stored chunk does not decode to exactly what it declares.
    """
    _check(_Chunks.of(dataset, where), start, stop)


def stored_item_bytes(dataset: "h5py.h5d.DatasetID") -> int:
    """Return the bytes of an element in the file, which memory may hold in another size."""
    kind = dataset.get_type()
    if isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str():
        # The library tells the size of a pointer; the file holds a length, an address and a number in its heap.
        address_bytes, _ = h5i.get_file_id(dataset).get_create_plist().get_sizes()
        return 8 + int(address_bytes)
    return int(kind.get_size())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunks:
    """A dataset's chunks; its properties are asked for once, as each question to the library takes its time."""

    dataset: "h5py.h5d.DatasetID"
    shape: tuple[int, ...]
    step: tuple[int, ...]
    """Shape of a chunk."""
    dtype: np.dtype[Any]
    encoding: Encoding
    where: str

    @classmethod
    def of(cls, dataset: "h5py.Dataset", where: str) -> "_Chunks":
        creation = dataset.id.get_create_plist()
        step = tuple(int(n) for n in creation.get_chunk())
        item_bytes = stored_item_bytes(dataset.id)
        filters = tuple(int(creation.get_filter(i)[0]) for i in range(creation.get_nfilters()))
        return cls(
            dataset=dataset.id,
            shape=dataset.shape,
            step=step,
            dtype=dataset.dtype,
            encoding=Encoding(filters=filters, item_bytes=item_bytes, n_bytes=prod(step) * item_bytes),
            where=where,
        )

    def corners(self, start: int, stop: int) -> Iterator[Corner]:
        """Return the chunks that hold rows."""
        first = range(start // self.step[0] * self.step[0], stop, self.step[0]) if stop > start else range(0)
        return product(first, *(range(0, n, k) for n, k in zip(self.shape[1:], self.step[1:], strict=True)))

    def content(self, corner: Corner) -> bytes | None:
        """Return a chunk decoded; None where none is stored."""
        applied = self.applied(corner)
        if applied is None:
            return None
        stored = bytes(self.dataset.read_direct_chunk(corner)[1])
        return self.encoding.decoded(stored, applied, self.place(corner))

    def applied(self, corner: Corner) -> tuple[int, ...] | None:
        """Return the filters of a chunk after a look at its size; None where none is stored."""
        info = self.dataset.get_chunk_info_by_coord(corner)
        return (
            None if info.byte_offset is None else self.encoding.applied(info.filter_mask, info.size, self.place(corner))
        )

    def place(self, corner: Corner) -> str:
        """Return how errors name a chunk."""
        return f"{self.where}: the chunk at {corner}"

    def overlap(self, corner: Corner, start: int, stop: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """Return where a chunk lies in the rows from ``start`` on, and which part of the chunk that is."""
        first, last = max(corner[0], start), min(corner[0] + self.step[0], stop)
        sizes = [min(n, size - at) for at, n, size in zip(corner[1:], self.step[1:], self.shape[1:], strict=True)]
        here = (
            slice(first - start, last - start),
            *(slice(at, at + n) for at, n in zip(corner[1:], sizes, strict=True)),
        )
        return here, (slice(first - corner[0], last - corner[0]), *(slice(0, n) for n in sizes))


def _check(chunks: _Chunks, start: int, stop: int) -> None:
    look = chunks.content if chunks.encoding.is_decoded_here else chunks.applied
    for corner in chunks.corners(start, stop):
        look(corner)
