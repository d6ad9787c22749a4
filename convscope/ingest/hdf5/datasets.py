"""What a dataset may be: its storage, type, size and filters are checked before a byte of it is read."""

from dataclasses import dataclass
from functools import cache, lru_cache
from math import prod
from typing import Any

import h5py
import numpy as np

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5.chunk_tables import chunk_table
from convscope.ingest.hdf5.grid import Grid
from convscope.ingest.hdf5.limits import Limits

_TOLERATED = frozenset(
    {
        h5py.h5t.INTEGER,
        h5py.h5t.FLOAT,
        h5py.h5t.STRING,
        h5py.h5t.ENUM,
        # Never read, and left out with a notice.
        h5py.h5t.OPAQUE,
        h5py.h5t.BITFIELD,
        h5py.h5t.TIME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDataset:
    """A dataset that may be read, and what the library says of it: asked once, as each question takes its time."""

    handle: "h5py.h5d.DatasetID"
    """Open."""
    shape: tuple[int, ...]
    """Empty for a scalar, and for a dataset without a value."""
    is_null: bool
    """Whether it has no value at all."""
    kind: "h5py.h5t.TypeID"
    """Type in the file."""
    number: np.dtype[Any] | None
    """The same as numpy has it, if the bytes of the file are such numbers; whole numbers of 12 bits, say, only look
    like it."""
    item_bytes: int
    """Of an element in the file; of a text of varying length, in memory."""
    chunk: tuple[int, ...] | None
    """Shape of a chunk; None where it is not cut into chunks."""
    filters: tuple[int, ...]
    """In the order in which they were applied."""

    @property
    def n_bytes(self) -> int:
        """Declared size."""
        return prod(self.shape) * self.item_bytes

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type in memory; a TypeError where numpy has none."""
        return self.kind.dtype if self.number is None else self.number

    @property
    def is_plain(self) -> bool:
        """Whether the bytes of the file are what numpy has in memory, numbers or records of them."""
        if self.number is not None:
            return True
        dtype = self.dtype
        return not dtype.hasobject and bool(self.kind == h5py.h5t.py_create(dtype, logical=True))


def check_dataset(dataset: "h5py.h5d.DatasetID", where: str, limits: Limits) -> CheckedDataset:
    """Refuse a dataset that reaches outside the file, holds objects, or asks for absurd amounts of memory.

    Parameters
    ----------
    dataset
        Open handle.
    where
        File and path, for the error.
    limits
        Budgets.

    Raises
    ------
    RefusedFileError
        With a code such as ``external-storage``, ``virtual-dataset``, ``object-type``, ``declared-size``, ``filter``.
    """
    chunk, filters = _storage(dataset, where)
    kind = dataset.get_type()
    number = _number(kind)
    if number is None:
        check_type(kind, where, limits)
    space = dataset.get_space()
    shape: tuple[int, ...] = space.get_simple_extent_dims() or ()
    if len(shape) > limits.rank:
        _refuse("rank", where, f"has more than {limits.rank} axes")
    checked = CheckedDataset(
        handle=dataset,
        shape=_shared(shape),
        is_null=not shape and space.get_simple_extent_type() == h5py.h5s.NULL,
        kind=kind,
        number=number,
        item_bytes=int(kind.get_size()) if number is None else number.itemsize,
        chunk=chunk,
        filters=filters,
    )
    _check_sizes(checked, where, limits)
    return checked


@lru_cache(maxsize=1 << 12)
def problem_of(
    shape: tuple[int, ...],
    item_bytes: int,
    chunk: tuple[int, ...] | None,
    *,
    filters: tuple[int, ...],
    limits: Limits,
) -> tuple[int, tuple[str, str] | None]:
    """Return the declared size, and what is wrong with a dataset before a byte is read; the same for thousands of them.

    Parameters
    ----------
    shape, item_bytes
        Of the dataset, and of an element in the file.
    chunk
        Shape of a chunk; None where it is not cut into chunks.
    filters
        In the order in which they were applied.
    limits
        Budgets.

    Returns
    -------
    n_bytes
        Declared size.
    problem
        Code, and words; None where nothing is wrong.
    """
    n_bytes = prod(shape) * item_bytes
    if n_bytes > limits.dataset_bytes:
        return n_bytes, ("declared-size", f"declares {n_bytes} bytes")
    problem = _problem_of_filters(filters, limits)
    if problem is None and chunk is not None:
        problem = _problem_of_chunks(chunk, shape, item_bytes, limits=limits)
    return n_bytes, problem


def check_type(kind: "h5py.h5t.TypeID", where: str, limits: Limits, *, depth: int = 0) -> None:
    """Refuse types that hold objects, and types of absurd size.

    Strings of variable length are tolerated: most attributes and name lists are such.
    """
    of_class = kind.get_class()
    if depth > limits.type_depth:
        _refuse("type-depth", where, f"nests types more than {limits.type_depth} deep")
    if kind.get_size() > limits.item_bytes:
        _refuse("type-size", where, f"has elements of {kind.get_size()} bytes")
    if of_class in {h5py.h5t.ENUM, h5py.h5t.COMPOUND} and kind.get_nmembers() > limits.members:
        _refuse("type-members", where, f"has a type with {kind.get_nmembers()} members")
    if of_class == h5py.h5t.COMPOUND:
        for member in range(kind.get_nmembers()):
            check_type(kind.get_member_type(member), where, limits, depth=depth + 1)
    elif of_class == h5py.h5t.ARRAY:
        check_type(kind.get_super(), where, limits, depth=depth + 1)
    elif of_class not in _TOLERATED:
        _refuse("object-type", where, "holds references or lists of varying length; store plain arrays")


def _storage(dataset: "h5py.h5d.DatasetID", where: str) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
    """Return the shape of a chunk, None where there are none, and the filters."""
    # The copy of these properties takes as long as all else about a dataset together. That the library tells where its
    # bytes lie does not do instead: a crafted one has a place in this file, and is read from another one.
    creation = dataset.get_create_plist()
    layout = creation.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        _refuse(
            "virtual-dataset", where, "is a virtual dataset, which may show other files; copy the data into this file"
        )
    if creation.get_external_count():
        _refuse("external-storage", where, "keeps its bytes in another file; copy the data into this file")
    chunk = creation.get_chunk() if layout == h5py.h5d.CHUNKED else None
    n_filters = creation.get_nfilters()
    return chunk, tuple([creation.get_filter(i)[0] for i in range(n_filters)]) if n_filters else ()


def _check_sizes(checked: CheckedDataset, where: str, limits: Limits) -> None:
    n_bytes, problem = problem_of(
        checked.shape, checked.item_bytes, checked.chunk, filters=checked.filters, limits=limits
    )
    if problem is not None:
        _refuse(problem[0], where, problem[1])
    # Only then: the library counts the bytes of every chunk.
    stored = _stored_bytes(checked) if n_bytes > limits.expansion_floor else n_bytes
    if n_bytes > limits.expansion * max(stored, 1):
        _refuse("expansion", where, f"declares {n_bytes} bytes and stores {stored}")


def _stored_bytes(checked: CheckedDataset) -> int:
    table = None if checked.chunk is None else chunk_table(checked.handle, Grid(checked.shape, checked.chunk))
    return int(checked.handle.get_storage_size() if table is None else table.sizes.sum())


def _problem_of_filters(filters: tuple[int, ...], limits: Limits) -> tuple[str, str] | None:
    unknown = [number for number in filters if number not in limits.filters]
    if unknown:
        return "filter", f"needs filter {unknown[0]}; repack it with gzip"
    return ("filter-repeated", "applies a filter twice") if len(set(filters)) < len(filters) else None


def _problem_of_chunks(
    chunk: tuple[int, ...], shape: tuple[int, ...], item_bytes: int, *, limits: Limits
) -> tuple[str, str] | None:
    chunk_bytes = prod(chunk) * item_bytes
    n_chunks = prod(-(-n // step) for n, step in zip(shape, chunk, strict=True))
    if chunk_bytes > limits.chunk_bytes:
        return "chunk-size", f"has chunks of {chunk_bytes} bytes"
    is_crumbled = n_chunks > limits.small_chunks and chunk_bytes < limits.small_chunk_bytes
    is_cut_up = n_chunks > limits.chunks or is_crumbled
    return ("chunk-count", f"is cut into {n_chunks} chunks of {chunk_bytes} bytes") if is_cut_up else None


@lru_cache(maxsize=1 << 12)
def _shared(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return one and the same tuple for all that are equal: a file has few shapes for its millions of datasets."""
    return shape


def _number(kind: "h5py.h5t.TypeID") -> np.dtype[Any] | None:
    """Return the numpy type that a type of the file is to the bit; None for all that are no numbers."""
    known = _known_numbers(kind.get_class(), kind.get_size())
    return next((dtype for dtype, same in known if kind == same), None)


@cache
def _known_numbers(of_class: int, n_bytes: int) -> "tuple[tuple[np.dtype[Any], h5py.h5t.TypeID], ...]":
    letters = {h5py.h5t.FLOAT: "f", h5py.h5t.INTEGER: "iu", h5py.h5t.ENUM: "b"}.get(of_class, "")
    names = [f"{order}{letter}{n_bytes}" for order in "<>" for letter in letters]
    numbers = dict.fromkeys(np.dtype(name) for name in names if n_bytes in _WIDTHS[name[1]])
    return tuple((number, h5py.h5t.py_create(number, logical=True)) for number in numbers)


_WIDTHS = {"f": (2, 4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "b": (1,)}


def _refuse(code: str, where: str, what: str) -> None:
    raise RefusedFileError(code, f"{where} {what}")
