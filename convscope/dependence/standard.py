"""Routing of two sides as if both had used the time within episodes alike: a drift in time is then no difference."""

import numpy as np

from convscope.dependence.runs import RunWindows, preferences
from convscope.values.arrays import FloatArray


def joined_sums(run: RunWindows) -> FloatArray:
    """Return mass and weight of each window side by side, shape (E, W, R, R + C)."""
    return np.concatenate([run.mass, run.weight], axis=-1)


def common_time(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return how much each window counts where two sides are compared.

    Parameters
    ----------
    first, second
        Sums of the two sides, shape (..., W, R, R + C).

    Returns
    -------
    FloatArray
        Shape (..., W, R): the harmonic mean of the rows that the sides hold of a receiving role (halved), 0 where one
        holds none: these overlap weights give the difference of two means its smallest error (Li, Morgan and
        Zaslavsky, "Balancing covariates via propensity score weighting", JASA 113, 2018).
    """
    own, other = _n_rows(first), _n_rows(second)
    return np.asarray(np.divide(own * other, own + other, out=np.zeros_like(own), where=own * other > 0))


def timed_preferences(sums: FloatArray, time: FloatArray, compositions: FloatArray) -> FloatArray:
    """Fit the preferences of sides, shape (..., R, R), each window counting as given.

    Parameters
    ----------
    sums
        Shape (..., W, R, R + C).
    time
        As `common_time` returns it, shape (..., W, R).
    compositions
        Senders of each role, shape (C, R).
    """
    n_rows = _n_rows(sums)
    scale = np.divide(time, n_rows, out=np.zeros_like(n_rows), where=(n_rows > 0) & (time > 0))
    summed = np.einsum("...wr,...wrd->...rd", scale, sums)
    n_roles = sums.shape[-2]
    return preferences(summed[..., :n_roles], summed[..., n_roles:], compositions)


def _n_rows(sums: FloatArray) -> FloatArray:
    return np.asarray(sums[..., sums.shape[-2] :].sum(axis=-1))
