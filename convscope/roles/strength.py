"""Prediction strength: whether groups found in some episodes tell which units of others belong together."""

import numpy as np

from convscope.roles.method import Method
from convscope.values.arrays import BoolArray, FloatArray, IntArray

N_SPLITS = 8


def mean_strength(values: FloatArray, halves: list[BoolArray], k: int, *, method: Method, seed: int) -> float:
    """Average `prediction_strength` over several splits.

    Parameters
    ----------
    values
        Coordinates of the units, shape (U, C).
    halves
        From `episode_halves`.
    k
        Number of groups.
    method, seed
        As in `prediction_strength`.
    """
    return float(np.mean([prediction_strength(values, half, k, method=method, seed=seed) for half in halves]))


def prediction_strength(values: FloatArray, is_first: BoolArray, k: int, *, method: Method, seed: int) -> float:
    """Say how well the groups of one half predict which units of the other half belong together.

    Parameters
    ----------
    values
        Coordinates of the units, shape (U, C).
    is_first
        Half of each unit, shape (U,).
    k
        Number of groups.
    method
        Divides units into groups.
    seed
        Of the method.

    Returns
    -------
    float
        Smallest share, over the groups of the second half, of pairs that the first half's groups keep together: 1 =
        all; 0 when a half is too small to have k groups of two.

    References
    ----------
    Tibshirani and Walther, "Cluster validation by prediction strength" (2005).
    """
    first, second = values[is_first], values[~is_first]
    if min(len(first), len(second)) < 2 * k:
        return 0.0
    foreign = method.fit(first, k, seed=seed).assign(second)
    own = method.fit(second, k, seed=seed).assign(second)
    together = np.zeros((k, k))
    np.add.at(together, (own, foreign), 1.0)
    size = together.sum(axis=1)
    if size.min() < 2:
        return 0.0
    return float(((together * (together - 1)).sum(axis=1) / (size * (size - 1))).min())


def episode_halves(episode: IntArray, rng: np.random.Generator) -> list[BoolArray]:
    """Split the episodes into two halves several times.

    Parameters
    ----------
    episode
        Episode of each unit, numbered from 0, shape (U,).
    rng
        Draws the splits.

    Returns
    -------
    list of BoolArray
        Half of each unit, shape (U,) each.
    """
    n_episodes = int(episode.max()) + 1
    is_first = [rng.permutation(n_episodes) < (n_episodes + 1) // 2 for _ in range(N_SPLITS)]
    return [half[episode] for half in is_first]
