"""Whether an edge is more than chance: flips of episodes, or tables where episodes are too few."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.edges import EffectSizes, PairFigures, q_values
from convscope.routing.flips import quadratic_flips
from convscope.routing.predictive.common_cause import Light, Margin, innovation_light, margin_over_common_cause
from convscope.routing.predictive.effect import entropy_left
from convscope.routing.predictive.joint import JointFigures, joint_figures
from convscope.routing.predictive.sizes import HALF_WIDTH, Scale, level_in_use, smallest_detectable, weight_errors
from convscope.routing.predictive.strength import strengths
from convscope.routing.predictive.study import FEWEST_EPISODES, Part
from convscope.routing.predictive.tables import table_p_value
from convscope.values.arrays import BoolArray, FloatArray, known_mean
from convscope.values.config import AnalysisConfig

_SPENT_ON_JOINT = 0.25
"""Of the level of a pair: so much goes to the test of combinations, the rest to that of the sender alone."""
_NEARLY_NOTHING = 0.01
"""Share of the variance of an agent's actions: with less than this left open, it has no dice that could be followed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """What is tested beside each sender alone."""

    light: Light
    joint: JointFigures | None
    """None where no combinations were looked for."""

    def answers(self, q: float) -> BoolArray:
        """Return which receivers answer to a sender together with another agent, shape (receiver, sender).

        Parameters
        ----------
        q
            False discovery rate.
        """
        if self.joint is None:
            n_agents = int((1 + np.sqrt(1 + 8 * len(self.light.p_value))) / 2)
            return np.zeros((n_agents, n_agents), dtype=np.bool_)
        rate = q_values(self.joint.p_value / _SPENT_ON_JOINT)
        return np.less_equal(np.nan_to_num(rate, nan=1.0), q)


def look_beside(parts: Sequence[Part], *, lag: int, config: AnalysisConfig, rng: np.random.Generator) -> Beside | None:
    """Test whether agents surprise at the same step, and answer to combinations; None with too few episodes to flip.

    Parameters
    ----------
    parts
        One of each run.
    lag
        Steps looked back.
    config
        Level, and draws of the null.
    rng
        Draws them.
    """
    if not is_flipped(parts):
        return None
    innovations = [part.fits.innovations for part in parts]
    light = innovation_light(innovations, alpha=config.alpha, n_flips=config.n_permutations, rng=rng)
    runs = [part.synergy for part in parts if part.synergy is not None]
    if len(runs) < len(parts):
        return Beside(light=light, joint=None)
    return Beside(light=light, joint=joint_figures(runs, light, lag=lag, rng=rng))


def pair_figures(
    parts: Sequence[Part], beside: Beside | None, *, lag: int, config: AnalysisConfig, rng: np.random.Generator
) -> PairFigures:
    """Return weight, p and size of every ordered pair, the runs together.

    Parameters
    ----------
    parts
        One of each run. The weight is the mean over runs that have data; the test adds up over runs what each says, so
        that runs which settled on opposite conventions do not cancel. A pair may have a p without a weight, where
        agents take turns.
    beside
        From `look_beside`. Where the light is on, p also asks whether the edge is stronger than what it saw; where a
        receiver answers to a combination, what that adds is part of the weight.
    lag
        Steps looked back.
    config
        Draws of the null, level and false discovery rate.
    rng
        Draws them.
    """
    alone = known_mean(np.array([part.weight for part in parts]))
    entropy = known_mean(np.array([_entropies(part) for part in parts]))[:, None]
    if beside is None:
        unknown = np.full_like(alone, np.nan)
        sizes = EffectSizes(share=alone / entropy, low=unknown, high=unknown, smallest_detectable=unknown)
        p_value = _table_p_values(parts, config.n_permutations, rng)
        # A schedule, a layout or a long memory makes tables differ as influence does.
        return PairFigures(weight=alone, p_value=p_value, is_claimed=False, sizes=sizes)
    edges = [strengths(part.fits.scores) for part in parts]
    margin = margin_over_common_cause(edges, beside.light, lag=lag)
    # Where combinations are tested, too, part of the level is theirs.
    q = config.q if beside.joint is None else config.q * (1 - _SPENT_ON_JOINT)
    p_value = _flip_p_values(parts, margin, n_flips=config.n_permutations, q=q, rng=rng)
    pairs = np.nonzero(~np.eye(len(alone), dtype=np.bool_))
    if beside.joint is not None:
        p_value = _either(p_value, beside.joint.p_value[pairs])
    # What such a sender does cannot be told from what it reacted to.
    p_value = np.where(is_near_deterministic(parts)[pairs[1]], np.nan, p_value)
    scale = Scale(
        bits=np.array([part.fits.rate[pairs] / 2 for part in parts]),
        freedom=np.mean([part.fits.scores.freedom for part in parts], axis=0),
    )
    detectable = smallest_detectable(edges, scale, level=level_in_use(p_value, config.q), margin=margin)
    gain, gain_error = _joint_bits(beside, config.q)
    weight, error = alone + gain, np.hypot(_by_pair(weight_errors(edges, scale), len(alone)), gain_error)
    sizes = EffectSizes(
        share=weight / entropy,
        low=weight - error,
        high=weight + error,
        smallest_detectable=_by_pair(detectable, len(alone)),
    )
    return PairFigures(weight=weight, p_value=_by_pair(p_value, len(alone)), sizes=sizes)


def is_flipped(parts: Sequence[Part]) -> bool:
    """Whether there are enough episodes to flip."""
    return sum(part.n_episodes for part in parts) >= FEWEST_EPISODES


def _flip_p_values(
    parts: Sequence[Part], margin: Margin | None, *, n_flips: int, q: float, rng: np.random.Generator
) -> FloatArray:
    flipped = quadratic_flips([part.fits.scores for part in parts], n_flips=n_flips, q=q, rng=rng)
    return flipped if margin is None else np.where(np.isfinite(flipped), np.fmax(flipped, margin.p_value), np.nan)


def _joint_bits(beside: Beside, q: float) -> tuple[FloatArray, FloatArray]:
    """Return what combinations add to the weight, and half the width of its interval, shape (receiver, sender)."""
    answers = beside.answers(q)
    if beside.joint is None:
        return np.zeros(answers.shape), np.zeros(answers.shape)
    bits = 0.5 / float(np.log(2))
    return (
        np.where(answers, bits * np.nan_to_num(beside.joint.strength), 0.0),
        np.where(answers, bits * HALF_WIDTH * np.nan_to_num(beside.joint.error), 0.0),
    )


def _either(alone: FloatArray, together: FloatArray) -> FloatArray:
    """Return the p of two tests of one pair, most of the level spent on the first (Sidak).

    Products of centred actions do not go with the actions themselves: by chance alone the two tests are independent.
    """
    first, second = np.nan_to_num(alone, nan=1.0), np.nan_to_num(together, nan=1.0)
    smaller = np.fmin(first / (1 - _SPENT_ON_JOINT), second / _SPENT_ON_JOINT)
    missed = np.maximum(1 - smaller * (1 - _SPENT_ON_JOINT), 0.0) * np.maximum(1 - smaller * _SPENT_ON_JOINT, 0.0)
    # Written so that a small p keeps its digits.
    small = smaller - _SPENT_ON_JOINT * (1 - _SPENT_ON_JOINT) * smaller**2
    either = np.where(smaller < 1.0, small, 1 - missed)
    return np.where(np.isfinite(alone) | np.isfinite(together), either, np.nan)


def is_near_deterministic(parts: Sequence[Part]) -> BoolArray:
    """Return whose actions follow from the logged past nearly always, in every run, shape (N,)."""
    left = np.array([part.fits.novelty for part in parts])
    return np.asarray((np.nan_to_num(left, nan=1.0) < _NEARLY_NOTHING).all(axis=0))


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


def _by_pair(values: FloatArray, n_agents: int) -> FloatArray:
    result = np.full((n_agents, n_agents), np.nan)
    result[~np.eye(n_agents, dtype=np.bool_)] = values
    return result
