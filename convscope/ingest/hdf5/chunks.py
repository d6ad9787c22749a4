"""Decoding chunks here instead of in the library: exact length or an error.

The library hands out its own memory as data where a stored chunk is shorter than it declares, and a chunk may switch
its checksum off. Decoding with a hard limit turns both, and decompression bombs, into errors.
"""

import zlib
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

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5.checksum import fletcher32

_CHECKSUM = h5py.h5z.FILTER_FLETCHER32
_SHRINKING = frozenset({h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_LZF})
_DECODED_HERE = frozenset({h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32})


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
    filters = _filters(dataset)
    if not set(filters) <= _DECODED_HERE or dataset.dtype.itemsize != stored_item_bytes(dataset):
        check_chunks(dataset, start, stop, where=where)
        return np.asarray(dataset[start:stop])
    rows = np.full((stop - start, *dataset.shape[1:]), dataset.fillvalue, dataset.dtype)
    for offset in _offsets(dataset, start, stop):
        stored = _stored(dataset, offset, filters, where=where)
        if stored is not None:
            content = _decode(dataset, stored, where=where)
            _place(rows, np.frombuffer(content, dataset.dtype).reshape(_chunk_shape(dataset)), offset, start=start)
    return rows


def check_chunks(dataset: "h5py.Dataset", start: int, stop: int, *, where: str) -> None:
    """Make sure of the chunks of rows that the library itself has to decode; parameters as for `read_chunked`.

    Raises
    ------
    RefusedFileError
        If a stored chunk does not decode to exactly what it declares.
    """
    filters = _filters(dataset)
    for offset in _offsets(dataset, start, stop):
        stored = _stored(dataset, offset, filters, where=where)
        # LZF has no bounded decoder in Python; of such a chunk only the stored size is known.
        if stored is not None and set(filters) <= _DECODED_HERE:
            _decode(dataset, stored, where=where)


def stored_item_bytes(dataset: "h5py.Dataset") -> int:
    """Return the bytes of an element in the file, which memory may hold in another size."""
    kind = dataset.id.get_type()
    # The library tells the size of a pointer; the file holds a length, an address and a number in its heap.
    address_bytes, _ = h5i.get_file_id(dataset.id).get_create_plist().get_sizes()
    return int(kind.get_size()) + int(address_bytes) * _n_varying(kind)


def _n_varying(kind: "h5py.h5t.TypeID") -> int:
    """Return how many texts of varying length an element holds."""
    if isinstance(kind, h5py.h5t.TypeCompoundID):
        return sum(_n_varying(kind.get_member_type(member)) for member in range(kind.get_nmembers()))
    return int(isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str())


def _filters(dataset: "h5py.Dataset") -> tuple[int, ...]:
    creation = dataset.id.get_create_plist()
    return tuple(int(creation.get_filter(i)[0]) for i in range(creation.get_nfilters()))


def _offsets(dataset: "h5py.Dataset", start: int, stop: int) -> Iterator[tuple[int, ...]]:
    step = _chunk_shape(dataset)
    first = range(start // step[0] * step[0], stop, step[0]) if stop > start else range(0)
    others = [range(0, n, k) for n, k in zip(dataset.shape[1:], step[1:], strict=True)]
    return product(first, *others)


def _chunk_shape(dataset: "h5py.Dataset") -> tuple[int, ...]:
    return tuple(int(n) for n in dataset.chunks or dataset.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    content: bytes
    filters: tuple[int, ...]
    """Those that this chunk went through."""


def _stored(
    dataset: "h5py.Dataset", offset: tuple[int, ...], filters: tuple[int, ...], *, where: str
) -> _Stored | None:
    info = dataset.id.get_chunk_info_by_coord(offset)
    if info.byte_offset is None:
        return None
    n_bytes = prod(_chunk_shape(dataset)) * stored_item_bytes(dataset)
    # A chunk that does not get smaller is stored as it is, marked so; a checksum is never left out that way.
    applied = tuple(number for place, number in enumerate(filters) if not info.filter_mask >> place & 1)
    if _CHECKSUM in filters and _CHECKSUM not in applied:
        raise _broken(where, offset, "switches its checksum off")
    is_plain = not set(applied) & _SHRINKING
    exact = n_bytes + 4 * (_CHECKSUM in applied)
    if (is_plain and info.size != exact) or info.size > 2 * n_bytes + 65536:
        raise _broken(where, offset, f"stores {info.size} bytes for {n_bytes}")
    return _Stored(content=bytes(dataset.id.read_direct_chunk(offset)[1]), filters=applied)


def _decode(dataset: "h5py.Dataset", stored: _Stored, *, where: str) -> bytes:
    item_bytes = stored_item_bytes(dataset)
    n_bytes = prod(_chunk_shape(dataset)) * item_bytes
    content = stored.content
    for number in reversed(stored.filters):
        if number == h5py.h5z.FILTER_DEFLATE:
            # A checksum may have been added before compression: four bytes more than the chunk.
            content = _inflate(content, n_bytes + 4, where)
        elif number == h5py.h5z.FILTER_SHUFFLE:
            content = _unshuffle(content, item_bytes)
        else:
            content = _verified(content, where)
    if len(content) != n_bytes:
        raise _broken(where, None, f"decodes to {len(content)} of {n_bytes} bytes")
    return content


def _inflate(content: bytes, limit: int, where: str) -> bytes:
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(content, limit + 1)
    except zlib.error as error:
        raise _broken(where, None, f"does not decompress: {error}") from error
    if len(inflated) > limit or not stream.eof:
        raise _broken(where, None, "does not decompress to its declared size")
    return inflated


def _unshuffle(content: bytes, item_bytes: int) -> bytes:
    n_items = len(content) // item_bytes
    planes = np.frombuffer(content, np.uint8, n_items * item_bytes).reshape(item_bytes, n_items)
    return planes.T.tobytes() + content[n_items * item_bytes :]


def _verified(content: bytes, where: str) -> bytes:
    body, stored = content[:-4], int.from_bytes(content[-4:], "little")
    if len(content) < 4 or fletcher32(body) != stored:
        raise _broken(where, None, "fails its checksum: the file was damaged after it was written")
    return body


def _place(rows: npt.NDArray[Any], chunk: npt.NDArray[Any], offset: tuple[int, ...], *, start: int) -> None:
    first = max(offset[0] - start, 0)
    last = min(offset[0] + chunk.shape[0] - start, rows.shape[0])
    here = [slice(first, last)]
    there = [slice(first + start - offset[0], last + start - offset[0])]
    for corner, n, size in zip(offset[1:], chunk.shape[1:], rows.shape[1:], strict=True):
        here.append(slice(corner, min(corner + n, size)))
        there.append(slice(0, min(n, size - corner)))
    rows[tuple(here)] = chunk[tuple(there)]


def _broken(where: str, offset: tuple[int, ...] | None, what: str) -> RefusedFileError:
    place = "a chunk" if offset is None else f"the chunk at {offset}"
    return RefusedFileError("broken-chunk", f"{where}: {place} {what}; the file is damaged or crafted")
