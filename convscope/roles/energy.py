"""Energy distance between two agents' units, and its null by exchanging the two within episodes."""

import numpy as np

from convscope.values.arrays import FloatArray


def exchange_form(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the quadratic form that gives the energy distance under any exchange within episodes.

    With x and y the two agents' units and s = +1 or -1 per episode for kept or exchanged, the energy distance
    2 E|X-Y| - E|X-X'| - E|Y-Y'| of the exchanged samples is s' M s. All exchanges are one matrix product.

    Parameters
    ----------
    first, second
        Units of each agent in the same episodes, shape (E, C).

    Returns
    -------
    FloatArray
        M, shape (E, E).

    References
    ----------
    Szekely and Rizzo, "Energy statistics: a class of statistics based on distances" (2013).
    """
    n_episodes = len(first)
    across = _distances(first, second)
    within = _distances(first, first) + _distances(second, second)
    return np.asarray((across + across.T - within) / n_episodes**2, dtype=np.float64)


def energy_distances(form: FloatArray, signs: FloatArray) -> FloatArray:
    """Energy distance under each pattern of exchanges.

    Parameters
    ----------
    form
        From `exchange_form`, shape (E, E).
    signs
        +1 or -1, shape (patterns, E).
    """
    return np.asarray(((signs @ form) * signs).sum(axis=1))


def exchange_patterns(n_episodes: int, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return patterns of exchanges, the first of which exchanges nothing, shape (patterns, E).

    All distinct ones where there are no more than ``n_draws`` + 1 (exchanging everywhere is exchanging nowhere), else
    that many at random.
    """
    if n_episodes <= 30 and 2 ** (n_episodes - 1) <= n_draws + 1:
        bits = (np.arange(2 ** (n_episodes - 1))[:, np.newaxis] >> np.arange(n_episodes)) & 1
        return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)
    drawn = 1.0 - 2.0 * rng.integers(2, size=(n_draws, n_episodes))
    patterns = np.concatenate([np.ones((1, n_episodes)), drawn])
    return np.asarray(patterns, dtype=np.float64)


def _distances(first: FloatArray, second: FloatArray) -> FloatArray:
    # Not through the Gram matrix: its rounding would make near-equal units differ.
    squares: FloatArray = np.zeros((len(first), len(second)))
    for left, right in zip(first.T, second.T, strict=True):
        squares = squares + np.square(left[:, np.newaxis] - right)
    return np.asarray(np.sqrt(squares), dtype=np.float64)
