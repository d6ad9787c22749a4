"""Columns that agents saw: which rows of them are usable, and what a smooth model makes of them."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray

_LARGEST = 1e100


def is_measured(columns: FloatArray) -> BoolArray:
    """Return which rows hold in every column a number whose square is one too, shape (n,)."""
    return np.asarray((np.abs(columns) < _LARGEST).all(axis=1), dtype=np.bool_)


def basis_of(columns: FloatArray) -> FloatArray:
    """Return each standardised column, its size and its square, shape (n, 3 D), column by column.

    Parameters
    ----------
    columns
        Shape (n, D), finite.
    """
    spread = columns.std(axis=0)
    scaled = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    # Beyond some spreads a square would belong to a few rows alone.
    scaled = np.clip(scaled, -5.0, 5.0)
    return np.stack([scaled, np.abs(scaled), scaled**2], axis=2).reshape(len(columns), -1)
