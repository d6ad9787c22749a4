"""The role preference that runs share on average."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray

_MOST_STEPS = 2_000
_SMALL_STEP = 1e-13


def mean_preference(per_run: FloatArray) -> FloatArray:
    """Return the preference that runs share on average, though each may identify cells of its own.

    Where a row's cells are the same in all runs it is their mean. Else a run's shares are those of the common
    preference over its own cells, and the common one is that under which they are so on average: as in the choice model
    itself, the odds of two cells do not depend on a third.

    Parameters
    ----------
    per_run
        Shape (S, R, R); NaN = blank.

    Returns
    -------
    FloatArray
        Shape (R, R), rows sum to 1; NaN where no run identifies the cell.

    References
    ----------
    Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of Statistics 32 (2004).
    """
    known = np.isfinite(per_run)
    total = np.where(known, per_run, 0.0).sum(axis=0)
    n_runs = known.sum(axis=0)
    is_seen = n_runs > 0
    mean = np.divide(total, n_runs, out=np.full(total.shape, np.nan), where=is_seen)
    counted = known.any(axis=2).sum(axis=0)[:, None]
    is_mixed = ((n_runs != counted) & is_seen).any(axis=1)
    if is_mixed.any():
        mean[is_mixed] = np.where(is_seen, _common(known, total), np.nan)[is_mixed]
    return np.asarray(mean)


def _common(known: BoolArray, total: FloatArray) -> FloatArray:
    common = known.any(axis=0).astype(np.float64)
    for _ in range(_MOST_STEPS):
        sums = (known * common).sum(axis=2, keepdims=True)
        weight = np.divide(known, sums, out=np.zeros(known.shape), where=sums > 0).sum(axis=0)
        moved = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        sums = moved.sum(axis=1, keepdims=True)
        moved = np.divide(moved, sums, out=np.zeros_like(moved), where=sums > 0)
        change = float(np.abs(moved - common).max(initial=0.0))
        common = moved
        if change < _SMALL_STEP:
            break
    return np.asarray(common)
