"""Whether an edge is more than chance: flips of episodes, or tables where episodes are too few."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.edges import EffectSizes, PairFigures
from convscope.routing.flips import quadratic_flips
from convscope.routing.predictive.common_cause import Light, innovation_light, margin_over_common_cause
from convscope.routing.predictive.effect import entropy_left
from convscope.routing.predictive.joint import JointFigures, joint_figures
from convscope.routing.predictive.sizes import Scale, level_in_use, smallest_detectable, weight_errors
from convscope.routing.predictive.strength import strengths
from convscope.routing.predictive.study import FEWEST_EPISODES, Part
from convscope.routing.predictive.tables import table_p_value
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig

_SPENT_ON_JOINT = 0.25
"""Of the level of a pair: so much goes to the test of combinations, the rest to that of the sender alone."""


def pair_figures(
    parts: Sequence[Part], light: Light | None, *, lag: int, config: AnalysisConfig, rng: np.random.Generator
) -> PairFigures:
    """Return weight, p and size of every ordered pair, the runs together.

    Parameters
    ----------
    parts
        One of each run. The weight is the mean over runs that have data; the test adds up over runs what each says, so
        that runs which settled on opposite conventions do not cancel. A pair may have a p without a weight, where
        agents take turns.
    light
        From `part_light`. Where it is on, p also asks whether the edge is stronger than what it saw.
    lag
        Steps looked back.
    config
        Draws of the null, and the false discovery rate.
    rng
        Draws them.
    """
    weight = _mean(np.array([part.weight for part in parts]))
    share = weight / _mean(np.array([_entropies(part) for part in parts]))[:, None]
    if light is None:
        unknown = np.full_like(weight, np.nan)
        sizes = EffectSizes(share=share, low=unknown, high=unknown, smallest_detectable=unknown)
        # A schedule, a layout or a long memory makes tables differ as influence does.
        return PairFigures(
            weight=weight, p_value=_table_p_values(parts, config.n_permutations, rng), is_claimed=False, sizes=sizes
        )
    n_agents = len(weight)
    pairs = np.nonzero(~np.eye(n_agents, dtype=np.bool_))
    edges = [strengths(part.fits.scores) for part in parts]
    margin = margin_over_common_cause(edges, light, lag=lag)
    flipped = quadratic_flips([part.fits.scores for part in parts], n_flips=config.n_permutations, rng=rng).p_value
    p_value = flipped if margin is None else np.where(np.isfinite(flipped), np.fmax(flipped, margin.p_value), np.nan)
    joint = joint_of(parts, light, lag=lag, rng=rng)
    if joint is not None:
        p_value = _either(p_value, joint.p_value[pairs])
    scale = Scale(
        bits=np.array([part.fits.rate[pairs] / 2 for part in parts]),
        freedom=np.mean([part.fits.scores.freedom for part in parts], axis=0),
    )
    level = level_in_use(p_value, config.q)
    error = _by_pair(pairs, weight_errors(edges, scale), len(weight))
    sizes = EffectSizes(
        share=share,
        low=weight - error,
        high=weight + error,
        smallest_detectable=_by_pair(pairs, smallest_detectable(edges, scale, level=level, margin=margin), len(weight)),
    )
    return PairFigures(weight=weight, p_value=_by_pair(pairs, p_value, len(weight)), sizes=sizes)


def part_light(parts: Sequence[Part], *, config: AnalysisConfig, rng: np.random.Generator) -> Light | None:
    """Test whether agents surprise at the same step; None where episodes are too few to flip.

    Parameters
    ----------
    parts
        One of each run.
    config
        Level, and draws of the null.
    rng
        Draws them.
    """
    if not is_flipped(parts):
        return None
    innovations = [part.fits.innovations for part in parts]
    return innovation_light(innovations, alpha=config.alpha, n_flips=config.n_permutations, rng=rng)


def is_flipped(parts: Sequence[Part]) -> bool:
    """Whether there are enough episodes to flip."""
    return sum(part.n_episodes for part in parts) >= FEWEST_EPISODES


def joint_of(parts: Sequence[Part], light: Light, *, lag: int, rng: np.random.Generator) -> JointFigures | None:
    """Test combinations of two agents; None where none were looked for.

    Parameters
    ----------
    parts
        One of each run.
    light
        Of the same runs.
    lag
        Steps looked back.
    rng
        Draws the flips.
    """
    runs = [part.synergy for part in parts if part.synergy is not None]
    if len(runs) < len(parts):
        return None
    freedom = float(np.mean([part.fits.scores.freedom.min() for part in parts]))
    return joint_figures(runs, light, freedom=freedom, lag=lag, rng=rng)


def _either(alone: FloatArray, together: FloatArray) -> FloatArray:
    """Return the p of two tests of one pair, most of the level spent on the first (Bonferroni)."""
    smaller = np.fmin(alone / (1 - _SPENT_ON_JOINT), together / _SPENT_ON_JOINT)
    either: FloatArray = np.minimum(smaller, 1.0)
    return either


def _table_p_values(parts: Sequence[Part], n_draws: int, rng: np.random.Generator) -> FloatArray:
    n_agents = len(parts[0].weight)
    result = np.full((n_agents, n_agents), np.nan)
    for receiver, sender in np.argwhere(~np.eye(n_agents, dtype=np.bool_)).tolist():
        tables = [part.counts.table(receiver, sender) for part in parts if part.counts is not None]
        result[receiver, sender] = table_p_value(tables, n_draws=n_draws, rng=rng)
    return result


def _entropies(part: Part) -> FloatArray:
    """Return the bits that are left open of each agent's next action; NaN where it is no single choice."""
    is_choice = part.symbols.is_choice
    return np.array(
        [
            entropy_left(part.symbols.transitions(agent)) if is_choice[agent] else np.nan
            for agent in range(len(is_choice))
        ]
    )


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean over runs that have data."""
    is_known = np.isfinite(values)
    n_known = is_known.sum(axis=0)
    total = np.where(is_known, values, 0.0).sum(axis=0)
    return np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)


def _by_pair(pairs: tuple[np.ndarray, ...], values: FloatArray, n_agents: int) -> FloatArray:
    result = np.full((n_agents, n_agents), np.nan)
    result[pairs] = values
    return result
