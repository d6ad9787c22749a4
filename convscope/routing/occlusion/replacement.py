"""Other values for a slot that might have stood there, given all else that the receiver saw.

A value from any other step would show the model what it never saw. So donors are steps at which the rest of the
observation lets one expect about the same slot, and what is still different in that expectation is made good.
"""

import numpy as np

from convscope.behaviour.model import N_FOLDS
from convscope.values.arrays import FloatArray, IntArray

_RIDGE = 1e-3
_STRATUM = 40
_FEW_VALUES = 12


def expected(basis: FloatArray, targets: FloatArray, fold: IntArray) -> FloatArray:
    """Return what a ridge regression on the other folds' rows expects of each row, shape (n, K).

    Parameters
    ----------
    basis
        Shape (n, P).
    targets
        Shape (n, K).
    fold
        Of each row, shape (n,).
    """
    result = np.zeros_like(targets)
    for part in range(N_FOLDS):
        is_here = np.equal(fold, part)
        x, y = basis[~is_here], targets[~is_here]
        if not len(x):
            continue
        mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
        centred = x - mean_x
        gram = centred.T @ centred
        gram[np.diag_indices_from(gram)] += _RIDGE * len(x)
        slopes = np.linalg.solve(gram, centred.T @ (y - mean_y))
        result[is_here] = mean_y + (basis[is_here] - mean_x) @ slopes
    return result


def replaced(slot: FloatArray, expectation: FloatArray, fold: IntArray, *, rng: np.random.Generator) -> FloatArray:
    """Return a slot's values permuted within strata of equal expectation, each row's own fold apart, shape (n, C).

    Parameters
    ----------
    slot
        Values, shape (n, C).
    expectation
        Of the values, given the rest of the observation, shape (n, C).
    fold
        Of each row, shape (n,).
    rng
        Draws the donors.
    """
    result = slot.copy()
    is_graded = _n_values(slot) > _FEW_VALUES
    for part in range(N_FOLDS):
        here = np.flatnonzero(np.equal(fold, part))
        donor = here[_donors(expectation[here], rng)]
        # What is not in sight stands as zeros: that is a value of its own, and is not shifted.
        is_seen = (slot[donor] != 0).any(axis=1, keepdims=True) & is_graded
        result[here] = slot[donor] + np.where(is_seen, expectation[here] - expectation[donor], 0.0)
    return result


def _donors(expectation: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return another row for each row, of the same stratum."""
    n_rows = len(expectation)
    stratum = _strata(expectation)
    donor = np.arange(n_rows)
    order = np.lexsort((rng.random(n_rows), stratum))
    bounds = np.flatnonzero(np.diff(stratum[order], prepend=-1, append=-1))
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        members = order[start:stop]
        donor[members] = np.roll(members, 1)  # in random order, so that none but a row alone is its own donor
    return donor


def _strata(expectation: FloatArray) -> IntArray:
    """Return strata of about forty rows: bins of the main direction, each cut along the second one."""
    n_rows = len(expectation)
    n_strata = max(n_rows // _STRATUM, 1)
    centred = expectation - expectation.mean(axis=0) if n_rows else expectation
    _, turned = np.linalg.eigh(centred.T @ centred)
    main = centred @ turned[:, ::-1][:, :2]
    n_first = n_strata if main.shape[1] < 2 else max(round(np.sqrt(n_strata)), 1)
    first = _ranks(main[:, 0]) * n_first // max(n_rows, 1)
    if main.shape[1] < 2:
        return first
    order = np.lexsort((main[:, 1], first))
    place = np.empty(n_rows, dtype=np.int64)
    place[order] = np.arange(n_rows)
    return place * n_strata // max(n_rows, 1)


def _ranks(values: FloatArray) -> IntArray:
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _n_values(slot: FloatArray) -> IntArray:
    return np.array([len(np.unique(column)) for column in slot.T], dtype=np.int64)
