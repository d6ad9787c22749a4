"""Array types, and the sealing of arrays that a value owns."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
ByteArray: TypeAlias = npt.NDArray[np.uint8]

_Scalar = TypeVar("_Scalar", bound=np.generic)


def sealed(array: npt.NDArray[_Scalar], shape: tuple[int | None, ...], name: str) -> npt.NDArray[_Scalar]:
    """Return a read-only view of an array after checking its shape.

    Parameters
    ----------
    array
        The array that a value is about to own.
    shape
        Expected shape; ``None`` for an axis of any length.
    name
        The array's name, for the error.

    Raises
    ------
    ValueError
        If the shape is another one: a fault of the caller, not of a user.

    Notes
    -----
    A view and no copy: most arrays here are the columns of a block, made for it and by far the largest things in
    memory, and a copy would double them. Whoever gives an array away must not write to it any more.
    """
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    view = array.view()
    view.flags.writeable = False
    return view


def joined(parts: Sequence[npt.NDArray[_Scalar]], empty: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    """Return arrays one after the other along the first axis; a single one as it is, without a copy.

    Parameters
    ----------
    parts
        Alike but for their lengths.
    empty
        What to return when there are none.
    """
    return parts[0] if len(parts) == 1 else np.concatenate([empty, *parts])


def ranges(start: IntArray, stop: IntArray) -> IntArray:
    """Return the numbers from each start up to its stop, one range after the other.

    Parameters
    ----------
    start, stop
        Of each range, shape (n,); none stops before it starts.
    """
    sizes = stop - start
    return np.repeat(start - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())


def first_of_each(place: IntArray, values: FloatArray, n_places: int) -> FloatArray:
    """Return the first row of values that each place gets, shape (n_places, ...); NaN where it gets none.

    Parameters
    ----------
    place
        Where each row goes, shape (n,).
    values
        Shape (n, ...).
    n_places
        How many places there are.
    """
    filled = np.full((n_places, *values.shape[1:]), np.nan)
    taken, first = np.unique(place, return_index=True)
    filled[taken] = values[first]
    return filled


def known_mean(values: FloatArray) -> FloatArray:
    """Return the mean of the known values along the first axis; NaN where there is none."""
    is_known = np.isfinite(values)
    n_known = is_known.sum(axis=0)
    total = np.where(is_known, values, 0.0).sum(axis=0)
    return np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)


def extents(values: FloatArray, group: IntArray, n_groups: int) -> tuple[FloatArray, FloatArray]:
    """Return the smallest and the largest known value of each group, inf and -inf where it has none.

    Parameters
    ----------
    values
        Shape (n, columns).
    group
        Of each row, shape (n,).
    n_groups
        How many groups there are.
    """
    low = np.full((n_groups, values.shape[1]), np.inf)
    high = np.full_like(low, -np.inf)
    np.minimum.at(low, group, np.where(np.isfinite(values), values, np.inf))
    np.maximum.at(high, group, np.where(np.isfinite(values), values, -np.inf))
    return low, high
