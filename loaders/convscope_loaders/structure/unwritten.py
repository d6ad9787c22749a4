"""Rows at the end of arrays that were made but never written."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader
from convscope.values.arrays import BoolArray

_BYTES_AT_A_TIME = 8 << 20


def is_blank_from(file: ArrayReader, arrays: Iterable[ArrayInfo], first: int, *, n_rows: int) -> bool:
    """Whether all rows from one on hold nothing but zeros or NaN, in every array of numbers; as `written_rows`."""
    return written_rows(file, list(arrays), n_rows=n_rows, known=first) == first


def written_rows(file: ArrayReader, arrays: Sequence[ArrayInfo], *, n_rows: int, known: int = 0) -> int:
    """Return one past the last row that holds anything but zeros or NaN.

    Parameters
    ----------
    file
        Open file; the arrays are read part by part from their end, until something is found.
    arrays
        Those of numbers count, with the rows on their first axis.
    n_rows
        All there are.
    known
        Rows that count as written whatever they hold.
    """
    numbers = [info for info in arrays if not info.is_text and not info.columns]
    # The last row of most arrays tells that there is nothing to look for.
    if any(not _is_blank(file.read(info.path, n_rows - 1, n_rows)).all() for info in numbers):
        return n_rows
    for info in numbers:
        for start, stop in _backwards(info, known, n_rows):
            is_written = np.flatnonzero(~_is_blank(file.read(info.path, start, stop)))
            if len(is_written):
                known = start + int(is_written[-1]) + 1
                break
    return known


def is_missing(file: ArrayReader, arrays: Iterable[ArrayInfo], row: int) -> bool:
    """Whether some array of floating-point numbers holds nothing but NaN in a row."""
    floating = (info for info in arrays if not info.is_text and not info.columns and np.dtype(info.dtype).kind == "f")
    return any(bool(np.isnan(file.read(info.path, row, row + 1)).all()) for info in floating)


def _is_blank(part: npt.NDArray[Any]) -> BoolArray:
    """Return which rows of a part hold nothing."""
    nothing = (part == 0) | np.isnan(part) if part.dtype.kind == "f" else part == 0
    return np.asarray(nothing.reshape(len(part), -1).all(axis=1), dtype=np.bool_)


def _backwards(info: ArrayInfo, first: int, stop: int) -> Iterator[tuple[int, int]]:
    step = max(1, _BYTES_AT_A_TIME // max(1, int(np.prod(info.shape[1:])) * 8))
    while stop > first:
        yield max(first, stop - step), stop
        stop -= step
