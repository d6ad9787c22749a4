"""Whether the same roles come out again when other episodes are seen."""

import numpy as np
from sklearn.metrics import adjusted_rand_score

from convscope.roles.method import Method
from convscope.values.arrays import FloatArray, IntArray

N_RESAMPLES = 20


def role_stability(values: FloatArray, episode: IntArray, k: int, *, method: Method, rng: np.random.Generator) -> float:
    """Mean agreement of the division of all units with that of resampled episodes.

    Parameters
    ----------
    values
        Coordinates of the units, shape (U, C).
    episode
        Episode of each unit, shape (U,); episodes are drawn with replacement, never units.
    k
        Number of roles, at least 2.
    method
        Divides units.
    rng
        Draws episodes and seeds the method.

    Returns
    -------
    float
        Mean adjusted Rand index on all units, 1 = always the same, about 0 = by chance.
    """
    seed = int(rng.integers(2**32))
    reference = method.fit(values, k, seed=seed).assign(values)
    scores: list[float] = []
    for _ in range(N_RESAMPLES):
        drawn = values[_resampled(episode, rng)]
        scores.append(float(adjusted_rand_score(reference, method.fit(drawn, k, seed=seed).assign(values))))
    return float(np.mean(scores))


def _resampled(episode: IntArray, rng: np.random.Generator) -> IntArray:
    """Units of as many episodes as there are, drawn with replacement."""
    _, code = np.unique(episode, return_inverse=True)
    n_episodes = int(code.max()) + 1
    times = np.bincount(rng.integers(n_episodes, size=n_episodes), minlength=n_episodes)
    return np.repeat(np.arange(len(episode)), times[code])
