"""Distances between role preferences, row by row, over the cells that both know."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray


def conditioned(preference: FloatArray, cells: BoolArray) -> FloatArray:
    """Renormalise rows over some of their cells.

    Parameters
    ----------
    preference
        Shape (..., R, R); NaN = blank.
    cells
        Cells to keep, shape (R, R). A row needs two: one single cell carries no choice.

    Returns
    -------
    FloatArray
        Rows sum to 1 over the kept cells that are not blank; NaN elsewhere, and in rows that hold no weight there.
    """
    known = np.isfinite(preference) & cells
    known &= known.sum(axis=-1, keepdims=True) >= 2
    kept = np.where(known, preference, 0.0)
    total = kept.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(kept, total, out=np.full_like(kept, np.nan), where=known & (total > 0)))


def even(cells: BoolArray) -> FloatArray:
    """Return the role-blind preference u: even over each row's cells, NaN elsewhere; shape as ``cells``."""
    return conditioned(np.ones(cells.shape), cells)


def row_divergence(first: FloatArray, second: FloatArray) -> FloatArray:
    """Jensen-Shannon divergence of each pair of rows, to base 2.

    Parameters
    ----------
    first, second
        Shapes that broadcast to (..., R, R); NaN = blank. Both are renormalised over the cells that both know.

    Returns
    -------
    FloatArray
        Shape (..., R), bits in 0..1; NaN where fewer than two cells are known.

    References
    ----------
    Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory 37 (1991).
    """
    first, second = np.broadcast_arrays(first, second)
    known = np.asarray(np.isfinite(first) & np.isfinite(second))
    p, q = conditioned(first, known), conditioned(second, known)
    middle = (p + q) / 2
    bits = (_terms(p, middle) + _terms(q, middle)).sum(axis=-1) / 2
    # Rounding must not leave the bounds of the measure; maximum and minimum keep NaN.
    return np.asarray(np.minimum(np.maximum(np.where(_is_known(p) & _is_known(q), bits, np.nan), 0.0), 1.0))


def mean_divergence(first: FloatArray, second: FloatArray) -> FloatArray:
    """Mean over rows of `row_divergence`, shape (...); rows that cannot be compared are left out, NaN if none can."""
    return row_mean(row_divergence(first, second))


def row_mean(rows: FloatArray) -> FloatArray:
    """Mean over the last axis without its NaN; NaN where nothing is left."""
    known = np.isfinite(rows)
    total = np.where(known, rows, 0.0).sum(axis=-1)
    n_known = known.sum(axis=-1)
    return np.asarray(np.divide(total, n_known, out=np.full(total.shape, np.nan), where=n_known > 0))


def _is_known(rows: FloatArray) -> BoolArray:
    return np.asarray(np.isfinite(rows).any(axis=-1))


def _terms(part: FloatArray, middle: FloatArray) -> FloatArray:
    positive = part > 0
    ratio = np.divide(part, middle, out=np.ones_like(part), where=positive)
    return np.asarray(np.where(positive, part, 0.0) * np.log2(ratio))
