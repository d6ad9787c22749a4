"""The numbers of an array: rows from the file where they lie in order, else the whole array, which is then kept."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.numpy_files.archive import read_member
from convscope.ingest.numpy_files.listing import MAX_IN_MEMORY, StoredArray


def read_rows(stored: StoredArray, start: int, stop: int | None) -> npt.NDArray[Any]:
    """Return rows of an array, whole for a scalar.

    Parameters
    ----------
    stored
        Where it is.
    start, stop
        Rows of axis 0; to the end when ``stop`` is None.

    Raises
    ------
    LogFormatError
        If its file has changed, or does not decompress.
    """
    shape = stored.header.shape
    if not stored.is_in_order:
        whole = _KEPT.get(_key(stored), lambda: _whole(stored))
        return whole[start:stop] if shape else whole
    if not shape:
        return _from_file(stored, 0, 1).reshape(())
    last = max(shape[0] if stop is None else min(stop, shape[0]), start)
    n_items = prod(shape[1:])
    return _from_file(stored, start * n_items, last * n_items).reshape(last - start, *shape[1:])


class _Kept:
    """Arrays in memory, the least recently used of which make room for others."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._arrays: OrderedDict[Hashable, npt.NDArray[Any]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Return an array, made when it is not there."""
        if key not in self._arrays:
            made = make()
            made.flags.writeable = False
            self._arrays[key] = made
        self._arrays.move_to_end(key)
        while len(self._arrays) > 1 and sum(array.nbytes for array in self._arrays.values()) > self._max_bytes:
            self._arrays.popitem(last=False)
        return self._arrays[key]


_KEPT = _Kept(MAX_IN_MEMORY)


def _key(stored: StoredArray) -> Hashable:
    state = stored.file.stat()
    return stored.file, stored.start, stored.member, state.st_size, state.st_mtime_ns


def _whole(stored: StoredArray) -> npt.NDArray[Any]:
    header = stored.header
    if stored.member is None:
        flat = _from_file(stored, 0, prod(header.shape))
    else:
        read = read_member(stored.file, stored.member, offset=stored.start, n_bytes=header.n_bytes)
        flat = _as_numbers(read.view(_item(stored)), stored)
    return flat.reshape(header.shape, order="F" if header.is_fortran else "C")


def _from_file(stored: StoredArray, start: int, stop: int) -> npt.NDArray[Any]:
    with stored.file.open("rb") as stream:
        stream.seek(stored.start + start * stored.header.dtype.itemsize)
        flat = np.fromfile(stream, _item(stored), stop - start)
    if len(flat) < stop - start:
        raise LogFormatError(f"{stored.file} has become shorter while it was read; copy it again")
    return _as_numbers(flat, stored)


def _item(stored: StoredArray) -> "np.dtype[Any]":
    # A truth value is a byte, and nothing makes sure that it is 0 or 1.
    dtype = stored.header.dtype
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype


def _as_numbers(flat: npt.NDArray[Any], stored: StoredArray) -> npt.NDArray[Any]:
    return np.not_equal(flat, 0) if stored.header.dtype.kind == "b" else flat
