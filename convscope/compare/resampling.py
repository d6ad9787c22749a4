"""Preferences of whole episodes drawn with replacement, for runs too few to tell of others."""

import numpy as np

from convscope.compare.scores import Scores
from convscope.randomness import generator
from convscope.routing.resampling import resampled
from convscope.values.arrays import FloatArray
from convscope.values.routing import RoutingTallies


def resampled_preferences(tallies: RoutingTallies, scores: Scores, *, n_draws: int, seed: int) -> FloatArray | None:
    """Fit the preference of each run to whole episodes drawn with replacement.

    Parameters
    ----------
    tallies
        Of all runs.
    scores
        Says which runs count.
    n_draws
        Number of draws, B.
    seed
        Of the analysis.

    Returns
    -------
    FloatArray or None
        Shape (B, S, R, R); None where a run has a single episode.
    """
    names = scores.runs
    runs = [tallies.rows(np.equal(tallies.run, tallies.runs.index(name))) for name in names]
    if any(len(np.unique(run.unit)) < 2 for run in runs):
        return None
    n_roles = len(scores.roles)
    return np.stack(
        [
            resampled(run, n_roles, n_draws=n_draws, rng=generator(seed, "gap", "episodes", name))
            for name, run in zip(names, runs, strict=True)
        ],
        axis=1,
    )
