"""Summaries of vectors over time that do not depend on which column is which."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.values.arrays import FloatArray, IntArray

CHUNK = 1 << 22
"""Numbers in memory at a time, about."""


def relative_change(vectors: FloatArray, decisions: Decisions) -> FloatArray:
    """Change from decision to decision against the spread over the unit's decisions, shape (units,).

    Mean squared step over twice the variance, the mean over the columns that vary in the unit: 0 = drifts slowly,
    about 1 = no memory, 2 = flips each time (von Neumann's ratio, halved).

    References
    ----------
    von Neumann, "Distribution of the ratio of the mean square successive difference to the variance" (1941).
    """
    variance = _variance(vectors, decisions)
    change = ratio(decisions.means((vectors - decisions.previous(vectors)) ** 2), 2 * variance)
    is_known = np.isfinite(change)
    # Sorted, because the last digits of a sum depend on the order of the columns.
    total = np.sort(np.where(is_known, change, 0.0), axis=1).sum(axis=1)
    return ratio(total, is_known.sum(axis=1).astype(np.float64))


def effective_dimensions(vectors: FloatArray, decisions: Decisions) -> FloatArray:
    """Count the directions in which each unit's vectors vary, shape (units,).

    The participation ratio of the covariance's eigenvalues, sum squared over sum of squares: 1 = along a line. NaN
    under three decisions or without any change.
    """
    centred = np.nan_to_num(vectors - decisions.means(vectors)[decisions.unit], nan=0.0)
    counts = np.bincount(decisions.unit, minlength=decisions.n_units)
    trace = decisions.total((centred**2).sum(axis=1))
    squares = np.zeros(decisions.n_units)
    for units in _chunks(counts, vectors.shape[1]):
        squares[units] = _gram_squares(centred, decisions, units)
    return np.where(counts >= 3, ratio(trace**2, squares), np.nan)


def mean_size(vectors: FloatArray, decisions: Decisions) -> FloatArray:
    """Root mean square of a unit's numbers, shape (units,)."""
    n = np.isfinite(vectors).sum(axis=1).astype(np.float64)
    return np.sqrt(ratio(decisions.total(np.nansum(vectors**2, axis=1)), decisions.total(n)))


def _variance(vectors: FloatArray, decisions: Decisions) -> FloatArray:
    """Variance of each column over each unit's decisions, shape (units, C)."""
    variance = decisions.means((vectors - decisions.means(vectors)[decisions.unit]) ** 2)
    # What rounding leaves of a constant is no variance.
    scale = decisions.means(vectors**2)
    return np.where(variance > 1e-12 * np.maximum(scale, 1e-300), variance, 0.0)


def _chunks(counts: IntArray, width: int) -> list[IntArray]:
    """Units with equal numbers of decisions together: padding to a longest unit would change the last digits."""
    chunks: list[IntArray] = []
    for count in np.unique(counts[counts > 0]).tolist():
        units = np.flatnonzero(counts == count)
        per_chunk = max(1, CHUNK // (count * (width + min(count, width))))
        chunks += [units[start : start + per_chunk] for start in range(0, len(units), per_chunk)]
    return chunks


def _gram_squares(centred: FloatArray, decisions: Decisions, units: IntArray) -> FloatArray:
    """Sum of the squared entries of each unit's Gram matrix, of rows or of columns, whichever is smaller."""
    starts = np.searchsorted(decisions.unit, units)
    length = int(np.searchsorted(decisions.unit, units[0], side="right") - starts[0])
    stacked = centred[starts[:, np.newaxis] + np.arange(length)]
    across = stacked.transpose(0, 2, 1)
    gram = stacked @ across if length < centred.shape[1] else across @ stacked
    return np.asarray((gram**2).sum(axis=(1, 2)))
