"""What the numbers themselves say about the axes of an array."""

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader
from convscope.values.arrays import BoolArray, FloatArray
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.numbers import as_numbers

_SAMPLE = 400
_BYTES = 8 << 20
"""Of an array that is looked at, in the file's own type."""
_DECISIVE = 0.75
"""Ratio of the two smoothnesses under which the smoother axis is time: between the highest that was seen on true
time axes (0.76 of noise, most far lower) and 1, which noise has."""
_ENOUGH = 64
"""Rows and agents together, below which noise may look as smooth as that."""

_FEW_FLAGS = 3
_JUMP = 3.0
"""A reset moves what agents see several times as far as a step does."""


class Sampler:
    """Reads parts of datasets, each once.

    Parameters
    ----------
    file
        Open file.
    """

    def __init__(self, file: ArrayReader) -> None:
        self._file = file
        self._parts: dict[str, FloatArray] = {}
        self._whole: dict[str, FloatArray] = {}

    def part(self, path: str) -> FloatArray:
        """Return as many of the first rows of a dataset as are enough to look at."""
        if path not in self._parts:
            row = self._file.read(path, 0, 1)
            n_rows = max(1, _BYTES // max(1, row.nbytes))
            self._parts[path] = _finite(self._file.read(path, 0, n_rows), path)
        return self._parts[path]

    def texts(self, path: str) -> tuple[str, ...]:
        """Return the texts of a dataset, flattened."""
        return self._file.read_text(path)

    def whole(self, path: str) -> FloatArray:
        """Return a whole dataset; only for lists, flags and masks."""
        if path not in self._whole:
            numbers = _finite(self._file.read(path), path)
            if numbers.nbytes > _BYTES:
                return numbers
            self._whole[path] = numbers
        return self._whole[path]


def _finite(array: npt.NDArray[Any], path: str) -> FloatArray:
    """Return numbers, those beyond all measure as missing."""
    numbers = as_numbers(array, path)
    return np.where(np.abs(numbers) < 2.0**63, numbers, np.nan)


def smoothness(values: FloatArray, axis: int) -> float:
    """Return the mean step along an axis over the mean difference between entries far apart on it.

    Parameters
    ----------
    values
        Any shape.
    axis
        Of the array.

    Returns
    -------
    float
        Low on a time axis, 1 where the order of the entries means nothing or cannot be told.
    """
    along = np.moveaxis(values, axis, 0)
    rows = along.reshape(along.shape[0], -1)
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    if len(rows) < 4 or not rows.size:
        return 1.0
    # Every entry against the one half the axis away: no draw, so no generator.
    far = np.abs(rows - np.roll(rows, len(rows) // 2, axis=0)).mean()
    near = np.abs(np.diff(rows, axis=0)).mean()
    return float(near / far) if far > 0 else 1.0


def smoothest_axis(values: FloatArray, n_axes: int) -> tuple[int | None, str]:
    """Return which of the first axes is time, or None where none is clearly smoother than the others.

    Parameters
    ----------
    values
        At least ``n_axes`` axes.
    n_axes
        Those that may be time.

    Returns
    -------
    axis
        None as well where there are too few numbers to tell.
    said
        The evidence in words.
    """
    part = values[tuple(slice(0, _SAMPLE) for _ in range(n_axes))]
    each = [smoothness(part, axis) for axis in range(n_axes)]
    low, other = sorted(each)[:2]
    listed = ", ".join(f"{value:.2f} on axis {axis}" for axis, value in enumerate(each))
    is_clear = low < _DECISIVE * other and prod(part.shape[:n_axes]) >= _ENOUGH
    return (each.index(low) if is_clear else None), (
        f"of the difference between entries far apart, neighbours have {listed}; along time it is usually well below 1"
    )


def is_one_hot(values: FloatArray) -> bool:
    """Whether the last axis holds zeros and at most a single one, and a one somewhere."""
    is_binary = bool(((values == 0) | (values == 1)).all())
    sums = values.sum(axis=-1)
    return values.shape[-1] > 1 and is_binary and bool((sums <= 1).all()) and bool((sums == 1).any())


def is_filled_from_start(mask: FloatArray | BoolArray, axis: int) -> bool:
    """Whether a mask is true from the first entry of an axis on and never again after it was false."""
    along = np.moveaxis(mask > 0, axis, 0)
    return bool((along[1:] <= along[:-1]).all())


def is_still(view: FloatArray) -> BoolArray:
    """Return in which rows an agent's values are those of the row before, or nothing, shape (entries, rows, agents).

    Parameters
    ----------
    view
        Shape (entries, rows, agents, values).
    """
    before = np.concatenate([np.full_like(view[:, :1], np.inf), view[:, :-1]], axis=1)
    is_nothing = (view == 0) | (view == -1) | np.isnan(view)
    same: BoolArray = (view == before).all(axis=3) | is_nothing.all(axis=3)
    return same


def jumps_before(view: FloatArray, flags: BoolArray) -> bool | None:
    """Whether values jump from the row before a flagged one to it, rather than from it to the next; None if unclear.

    Parameters
    ----------
    view
        Shape (entries, rows, agents, values).
    flags
        Shape (entries, rows).
    """
    n_entries, n_rows = min(len(view), len(flags)), min(view.shape[1], flags.shape[1])
    steps = np.nan_to_num(np.abs(np.diff(view[:n_entries, :n_rows], axis=1))).mean(axis=(2, 3))
    # What stands still, or is missing, is padding and tells nothing.
    inner = flags[:n_entries, 1 : n_rows - 1] & (steps[:, 1:] > 0) & (steps[:, :-1] > 0)
    if inner.sum() < _FEW_FLAGS:
        return None
    before, after = np.median(steps[:, :-1][inner]), np.median(steps[:, 1:][inner])
    usual = np.median(steps[steps > 0])
    if max(before, after) < _JUMP * usual or min(before, after) > max(before, after) / _JUMP:
        return None
    return bool(before > after)


def values_missing(view: FloatArray, meaning: Meaning | None) -> BoolArray:
    """Return where all values of an agent are NaN, or for actions -1 as well, shape (entries, rows, agents).

    Parameters
    ----------
    view
        Shape (entries, rows, agents, values).
    meaning
        Of the array.
    """
    is_missing = np.isnan(view) | (view == -1) if meaning is Meaning.ACTION else np.isnan(view)
    agents: BoolArray = np.all(is_missing, axis=3)
    return agents


def rows_missing(view: FloatArray, meaning: Meaning | None) -> BoolArray:
    """Return in which rows that holds for all agents, shape (entries, rows); parameters as of `values_missing`."""
    rows: BoolArray = np.all(values_missing(view, meaning), axis=2)
    return rows


def sums_to_one(weights: FloatArray, axis: int) -> bool:
    """Whether weights add up to 1 along an axis; those of padding, which add up to 0, do not count."""
    total = weights.sum(axis=axis)
    is_one = np.abs(total - 1) < 1e-2
    return bool((is_one | (np.abs(total) < 1e-6)).all()) and bool(is_one.any())
