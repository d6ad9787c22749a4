"""The joint test: whether a receiver answers to two agents together, itself and a sender or two senders."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from convscope.routing.flips import UnitScores, quadratic_flips
from convscope.routing.predictive.common_cause import Light, margin_over_common_cause
from convscope.routing.predictive.strength import strengths
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
    """Share of the receiver's variance, summed over directions, less the bias: mean over runs; NaN where p is large."""
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
    Every combination has a p from the gamma distribution with the mean and variance that its flips have. What is
    promising by that is flipped; where hardly any flip comes near, the smaller of the two counts.
    """
    n_agents, n_pairs = runs[0].shape[1:3]
    p_value = np.concatenate([_gamma_tail([run[:, receiver] for run in runs]) for receiver in range(n_agents)])
    value, error = np.full(len(p_value), np.nan), np.full(len(p_value), np.nan)
    again = np.flatnonzero(p_value < _PROMISING)
    if len(again) > 0:
        tests = [_tests(run, again) for run in runs]
        found = [strengths(each) for each in tests]
        flipped = _flipped(tests, p_value[again], rng)
        margin = margin_over_common_cause(found, light, lag=lag)
        p_value[again] = flipped if margin is None else np.fmax(flipped, margin.p_value)
        value[again] = np.mean([each.value for each in found], axis=0)
        error[again] = np.sqrt(np.sum([each.variance for each in found], axis=0)) / len(found)
    return _by_sender(*(each.reshape(n_agents, n_pairs) for each in (p_value, value, error)))


def _gamma_tail(runs: Sequence[FloatArray]) -> FloatArray:
    """Return the p of one receiver's combinations by the first two moments of all flips, shape (pairs,)."""
    chance, spread, length = (np.zeros(runs[0].shape[1]) for _ in range(3))
    for run in runs:
        squares = np.square(run).sum(axis=2)
        by_pair = run.transpose(1, 2, 0)
        chance += squares.sum(axis=0)
        # Twice the squared products of different units is the variance of the squared length.
        spread += np.square(by_pair @ by_pair.transpose(0, 2, 1)).sum(axis=(1, 2)) - np.square(squares).sum(axis=0)
        length += np.square(run.sum(axis=0)).sum(axis=1)
    is_known = (chance > 0) & (spread > 0)
    unit = np.where(is_known, spread / np.where(is_known, chance, 1.0), 1.0)
    tail = gammaincc(np.where(is_known, chance / unit, 1.0) / 2, length / (2 * unit))
    return np.where(is_known, np.maximum(tail, _FAR), np.nan)


def _tests(scores: FloatArray, chosen: IntArray) -> UnitScores:
    n_units, _, _, n_columns = scores.shape
    taken = scores.reshape(n_units, -1, n_columns)[:, chosen]
    return UnitScores(
        scores=taken.reshape(n_units, -1),
        starts=np.arange(len(chosen) + 1) * n_columns,
        # Products are no regressors: the fit adapts to the sum of their scores as little as to those of units.
        freedom=np.ones(len(chosen)),
    )


def _flipped(tests: Sequence[UnitScores], tail: FloatArray, rng: np.random.Generator) -> FloatArray:
    p_value = quadratic_flips(tests, n_flips=_FLIPS, rng=rng)
    return np.where(p_value * (1 + _FLIPS) < 1 + _FEW, np.fmin(p_value, tail), p_value)


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
