"""Differences of means in pooled standard deviations, from sums."""

import numpy as np
import polars as pl

from convscope.values.arrays import FloatArray, IntArray

_ROUNDING = 1e-12


def moments_of(values: pl.Series, group: IntArray, n_groups: int) -> FloatArray:
    """Return count, sum and sum of squares of the known values of each group, shape (n_groups, 3).

    Parameters
    ----------
    values
        Of units, shape (U,). The sums are around their mean, lest squares of large values swallow the spread.
    group
        Of each unit, shape (U,).
    n_groups
        Number of groups.
    """
    known = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    is_known = np.isfinite(known)
    centred = np.where(is_known, known, 0.0) - (known[is_known].mean() if is_known.any() else 0.0)
    moments = np.zeros((n_groups, 3))
    each = np.stack([np.ones_like(centred), centred, centred**2], axis=1)
    np.add.at(moments, group[is_known], each[is_known])
    return moments


def standardised_effect(moments: FloatArray) -> FloatArray:
    """Return the difference of means in pooled standard deviations from moments (..., 2, 3); NaN with too few units."""
    n, total, squares = (moments[..., place] for place in range(3))
    mean = np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0)
    difference = mean[..., 0] - mean[..., 1]
    spread = np.maximum(squares - total * mean, 0.0).sum(axis=-1)
    freedom = n.sum(axis=-1) - 2
    variance = np.divide(spread, freedom, out=np.full_like(spread, np.nan), where=freedom > 0)
    # Units that never vary (but for rounding) have no spread to count in: only the sign is known.
    varies = variance > _ROUNDING * difference**2
    scaled = np.divide(difference, np.sqrt(variance), out=np.asarray(np.sign(difference)), where=varies)
    return np.asarray(np.where(np.isfinite(variance), scaled, np.nan))
