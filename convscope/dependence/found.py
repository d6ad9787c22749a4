"""Formations found in the log: clusters of team shapes, one being a candidate."""

from collections.abc import Sequence

import numpy as np

from convscope.dependence.runs import RunWindows
from convscope.randomness import generator
from convscope.roles.count import count_roles
from convscope.roles.methods.k_means import K_MEANS
from convscope.roles.pairs import MIN_EPISODES
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig

N_PICKS = 5
"""How often one window of each episode is drawn to count the clusters."""
MOST_COUNTED = 1_000
"""Episodes that clusters are counted in; more say no more, but cost time."""
MOST_CLUSTERED = 4_000
"""Windows that are clustered."""


def found_formations(runs: Sequence[RunWindows], config: AnalysisConfig) -> tuple[int, tuple[FloatArray, ...]] | None:
    """Find the formations of a team in its shapes.

    Parameters
    ----------
    runs
        At least one.
    config
        ``alpha`` and ``seed`` are used.

    Returns
    -------
    tuple or None
        Their number K, from the densest to the widest, and each run's one-hot labels (E, W, K), all 0 where a shape is
        not known. None where too few episodes show a shape. Neighbouring windows of an episode are alike without any
        formations: K is counted on one window of each episode, drawn several times over, and the median counts.
    """
    shapes = np.concatenate([run.shape for run in runs])
    seen = shapes[np.isfinite(shapes[:, :, 0]).any(axis=1)]
    if len(seen) < MIN_EPISODES:
        return None
    rng = generator(config.seed, "dependence", "found")
    numbers = [_count(seen, config.alpha, rng) for _ in range(N_PICKS)]
    k = sorted(numbers)[N_PICKS // 2]
    if k == 1:
        return 1, ()
    centres = _centres(seen, k, rng)
    return k, tuple(_one_hot(run.shape, centres) for run in runs)


def _count(shapes: FloatArray, alpha: float, rng: np.random.Generator) -> int:
    chosen = shapes if len(shapes) <= MOST_COUNTED else shapes[rng.permutation(len(shapes))[:MOST_COUNTED]]
    is_known = np.isfinite(chosen).all(axis=2)
    # The window of the largest number drawn: each known one is as likely as another.
    window = np.where(is_known, rng.random(is_known.shape), -1.0).argmax(axis=1)
    values = chosen[np.arange(len(chosen)), window]
    episode: IntArray = np.arange(len(values))
    return count_roles(values, episode, method=K_MEANS, alpha=alpha, rng=rng)[0]


def _centres(shapes: FloatArray, k: int, rng: np.random.Generator) -> FloatArray:
    values = shapes.reshape(-1, shapes.shape[-1])
    values = values[np.isfinite(values).all(axis=1)]
    if len(values) > MOST_CLUSTERED:
        values = values[rng.permutation(len(values))[:MOST_CLUSTERED]]
    centres = K_MEANS.fit(values, k, seed=int(rng.integers(2**32))).centres
    return centres[np.lexsort([*centres.T, centres.mean(axis=1)])]


def _one_hot(shapes: FloatArray, centres: FloatArray) -> FloatArray:
    squares = np.square(shapes[..., None, :] - centres).sum(axis=-1)
    is_known = np.isfinite(squares).all(axis=-1)
    nearest = np.where(is_known[..., None], squares, 0.0).argmin(axis=-1)
    return np.asarray(np.eye(len(centres))[nearest] * is_known[..., None])
