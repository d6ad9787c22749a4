"""The joint test: whether a receiver answers to two agents together, itself and a sender or two senders."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from convscope.routing.flips import UnitScores, quadratic_flips
from convscope.routing.predictive.common_cause import Light, margin_over_common_cause
from convscope.routing.predictive.strength import Strengths, strengths
from convscope.routing.predictive.synergy import pairs_of
from convscope.values.arrays import FloatArray, IntArray

_PROMISING = 0.02
_FLIPS = 9_999
_FEW = 10
_FAR = 1e-9
"""No tail is trusted further than this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointFigures:
    """What each sender adds together with another agent, at best, shape (receiver, sender) each."""

    p_value: FloatArray
    """Corrected for the choice of the other agent; NaN where nothing was tested."""
    strength: FloatArray
    """Share of the receiver's variance, summed over directions, less the bias: mean over runs."""
    error: FloatArray
    """Its standard error."""
    partner: IntArray
    """The other agent: the receiver itself for a gate; -1 where nothing was tested."""


def joint_figures(runs: Sequence[FloatArray], light: Light, *, lag: int, rng: np.random.Generator) -> JointFigures:
    """Test every receiver, sender and other agent, the runs together.

    Parameters
    ----------
    runs
        Scores of each run's units, shape (U, R, pairs, columns).
    light
        Where it is on, a synergy must be stronger than a common cause could make it, as an edge must.
    lag
        Steps looked back.
    rng
        Draws the flips.

    Notes
    -----
    Every combination has a p from the gamma distribution with the mean and variance that its units show. What is
    promising by that is flipped; where hardly any flip comes near, the smaller of the two counts.
    """
    n_agents, n_pairs = runs[0].shape[1:3]
    tests = [_tests(run) for run in runs]
    found = [strengths(each) for each in tests]
    p_value = _gamma_tail(tests, found)
    again = np.flatnonzero(p_value < _PROMISING)
    if len(again) > 0:
        p_value[again] = _flipped([each.of_tests(again) for each in tests], p_value[again], rng)
        p_value[again] = np.fmax(p_value[again], _over_common_cause(found, light, again, lag=lag))
    value = np.mean([each.value for each in found], axis=0)
    error = np.sqrt(np.sum([each.variance for each in found], axis=0)) / len(found)
    return _by_sender(*(each.reshape(n_agents, n_pairs) for each in (p_value, value, error)))


def _tests(scores: FloatArray) -> UnitScores:
    n_units, n_agents, n_pairs, n_columns = scores.shape
    n_tests = n_agents * n_pairs
    return UnitScores(
        scores=scores.reshape(n_units, -1),
        starts=np.arange(n_tests + 1) * n_columns,
        # Products are no regressors: the fit adapts to the sum of their scores as little as to those of units.
        freedom=np.ones(n_tests),
    )


def _gamma_tail(tests: Sequence[UnitScores], found: Sequence[Strengths]) -> FloatArray:
    chance, spread = np.sum([each.chance for each in found], axis=0), np.sum([each.spread for each in found], axis=0)
    length = np.sum([_length(each) for each in tests], axis=0)
    is_known = (chance > 0) & (spread > 0)
    unit = np.where(is_known, spread / np.where(is_known, chance, 1.0), 1.0)
    tail = gammaincc(np.where(is_known, chance / unit, 1.0) / 2, length / (2 * unit))
    return np.where(is_known, np.maximum(tail, _FAR), np.nan)


def _length(tests: UnitScores) -> FloatArray:
    squares = np.square(tests.scores.sum(axis=0)).reshape(tests.n_tests, -1).sum(axis=1)
    length: FloatArray = squares * tests.freedom
    return length


def _flipped(tests: Sequence[UnitScores], tail: FloatArray, rng: np.random.Generator) -> FloatArray:
    p_value = quadratic_flips(tests, n_flips=_FLIPS, rng=rng).p_value
    return np.where(p_value * (1 + _FLIPS) < 1 + _FEW, np.fmin(p_value, tail), p_value)


def _over_common_cause(found: Sequence[Strengths], light: Light, tests: IntArray, *, lag: int) -> FloatArray:
    if light.strongest is None:
        return np.zeros(len(tests))
    chosen = [
        Strengths(
            value=each.value[tests],
            by_unit=each.by_unit[:, tests],
            chance=each.chance[tests],
            spread=each.spread[tests],
        )
        for each in found
    ]
    margin = margin_over_common_cause(chosen, light, lag=lag)
    return np.zeros(len(tests)) if margin is None else margin.p_value


def _by_sender(p_value: FloatArray, value: FloatArray, error: FloatArray) -> JointFigures:
    """Return the best combination of each receiver and sender, p corrected for the choice (Sidak)."""
    n_agents = len(p_value)
    first, second = pairs_of(n_agents)
    best = np.full((n_agents, n_agents), np.nan)
    strength, spread = np.full((n_agents, n_agents), np.nan), np.full((n_agents, n_agents), np.nan)
    partner = np.full((n_agents, n_agents), -1)
    for sender in range(n_agents):
        at = np.flatnonzero((first == sender) | (second == sender))
        other = np.where(first[at] == sender, second[at], first[at])
        known = np.where(np.isfinite(p_value[:, at]), p_value[:, at], 2.0)
        choice = known.argmin(axis=1)
        rows = np.flatnonzero(known.min(axis=1) <= 1.0)
        best[rows, sender] = -np.expm1(len(at) * np.log1p(-np.minimum(known[rows, choice[rows]], 1 - _FAR)))
        strength[rows, sender] = value[rows, at[choice[rows]]]
        spread[rows, sender] = error[rows, at[choice[rows]]]
        partner[rows, sender] = other[choice[rows]]
    np.fill_diagonal(best, np.nan)
    np.fill_diagonal(partner, -1)
    return JointFigures(p_value=best, strength=strength, error=spread, partner=partner)
