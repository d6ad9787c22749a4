"""Rows that hold nothing: padding, wherever no list or mask says so."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import Axis, Cut
from convscope.values.arrays import BoolArray, FloatArray
from convscope_loaders.structure.numbers import as_numbers

_BYTES_AT_A_TIME = 32 << 20


def blank_rows(file: ArrayReader, path: str, axes: tuple[Axis, ...], *, cut: Cut) -> BoolArray:
    """Return which rows of an array hold nothing, shape (entries, rows).

    Parameters
    ----------
    file
        Open file; the array is read part by part.
    path
        The array.
    axes
        Of the array, with a row or time axis; a single entry without an episode axis.
    cut
        ``missing``: nothing but NaN or -1; ``zeros``: nothing but zeros; ``repeats``: what the row before holds.
    """
    if cut is Cut.REPEATS:
        return _repeated_rows(file, path, axes)
    kept = [place for place, axis in enumerate(axes) if axis in {Axis.EPISODE, Axis.TIME, Axis.ROW}]
    parts = [_blank(as_numbers(part, path), cut).all(axis=_others(part, kept)) for part in _parts(file, path)]
    is_blank = np.logical_and.reduce(parts) if 0 not in kept else np.concatenate(parts)
    if len(kept) == 1:
        return is_blank[None]
    return is_blank if axes[kept[0]] is Axis.EPISODE else is_blank.T


def _repeated_rows(file: ArrayReader, path: str, axes: tuple[Axis, ...]) -> BoolArray:
    """Return which rows hold what the one before does, shape (entries, rows)."""
    numbers = as_numbers(file.read(path), path)
    rows = next(place for place, axis in enumerate(axes) if axis in {Axis.TIME, Axis.ROW})
    entries = axes.index(Axis.EPISODE) if Axis.EPISODE in axes else None
    ordered = np.moveaxis(numbers, (rows,) if entries is None else (entries, rows), range(1 + (entries is not None)))
    ordered = ordered[None] if entries is None else ordered
    flat = ordered.reshape(*ordered.shape[:2], -1)
    is_same = (flat[:, 1:] == flat[:, :-1]) | (np.isnan(flat[:, 1:]) & np.isnan(flat[:, :-1]))
    first = np.zeros((len(flat), 1), bool)
    return np.concatenate([first, np.asarray(is_same.all(axis=2), dtype=np.bool_)], axis=1)


def _parts(file: ArrayReader, path: str) -> Iterator[npt.NDArray[Any]]:
    first = file.read(path, 0, 1)
    at_a_time = max(1, _BYTES_AT_A_TIME // max(1, first.nbytes))
    start = 0
    while True:
        part = file.read(path, start, start + at_a_time)
        if len(part) or not start:
            yield part
        if len(part) < at_a_time:
            return
        start += at_a_time


def _others(part: npt.NDArray[Any], kept: list[int]) -> tuple[int, ...]:
    return tuple(place for place in range(part.ndim) if place not in kept)


def _blank(numbers: FloatArray, cut: Cut) -> BoolArray:
    is_blank: BoolArray = numbers == 0 if cut is Cut.ZEROS else np.isnan(numbers) | (numbers == -1)
    return is_blank
