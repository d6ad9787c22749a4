"""Whether an edge is more than chance: flips of episodes, or tables where episodes are too few."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.edges import PairFigures
from convscope.routing.flips import FlipResult, quadratic_flips
from convscope.routing.predictive.study import FEWEST_EPISODES, Part
from convscope.routing.predictive.tables import table_p_value
from convscope.values.arrays import FloatArray


def pair_figures(parts: Sequence[Part], *, n_flips: int, rng: np.random.Generator) -> PairFigures:
    """Return weight and p of every ordered pair, the runs together.

    Parameters
    ----------
    parts
        One of each run. The weight is the mean over runs that have data; the test adds up over runs what each says, so
        that runs which settled on opposite conventions do not cancel. A pair may have a p without a weight, where
        agents take turns.
    n_flips
        Draws of the null.
    rng
        Draws them.
    """
    weights = np.array([part.weight for part in parts])
    is_known = np.isfinite(weights)
    n_known = is_known.sum(axis=0)
    mean = np.where(is_known, weights, 0.0).sum(axis=0) / np.maximum(n_known, 1)
    return PairFigures(
        weight=np.where(n_known > 0, mean, np.nan),
        p_value=_p_values(parts, n_flips, rng),
        # A schedule, a layout or a long memory makes tables differ as influence does.
        is_claimed=is_flipped(parts),
    )


def innovation_test(parts: Sequence[Part], *, n_flips: int, rng: np.random.Generator) -> FlipResult | None:
    """Test whether agents surprise at the same step (the innovation light); None where episodes are too few."""
    if not is_flipped(parts):
        return None
    tests = [part.fits.innovations for part in parts]
    return quadratic_flips(tests, n_flips=n_flips, rng=rng, resolves_small=False)


def is_flipped(parts: Sequence[Part]) -> bool:
    """Whether there are enough episodes to flip."""
    return sum(part.n_episodes for part in parts) >= FEWEST_EPISODES


def _p_values(parts: Sequence[Part], n_flips: int, rng: np.random.Generator) -> FloatArray:
    n_agents = len(parts[0].weight)
    result = np.full((n_agents, n_agents), np.nan)
    others = ~np.eye(n_agents, dtype=np.bool_)
    if is_flipped(parts):
        result[others] = quadratic_flips([part.fits.scores for part in parts], n_flips=n_flips, rng=rng).p_value
        return result
    for receiver, sender in np.argwhere(others).tolist():
        tables = [part.counts.table(receiver, sender) for part in parts if part.counts is not None]
        result[receiver, sender] = table_p_value(tables, n_draws=n_flips, rng=rng)
    return result
