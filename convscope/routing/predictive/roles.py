"""Edges between roles: the scores of all pairs of agents that have the two roles, episode by episode.

Where slots are filled anew in each episode, the same two slots are now one pair of roles and now another: each
episode's scores go to the roles that the slots had in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.edges import PairFigures
from convscope.routing.flips import UnitScores, quadratic_flips
from convscope.routing.predictive.significance import is_flipped
from convscope.routing.predictive.study import Part
from convscope.values.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleScores:
    """Scores of one run for one pair of roles, by pair of agents."""

    scores: UnitScores
    """One test; its columns are those of all pairs of agents, 0 in units in which they have other roles."""
    weight: float
    """Bits per step to first order, less the bias; NaN where no pair of agents ever has the two roles."""


def role_figures(
    parts: Sequence[Part], roles: Sequence[IntArray], *, n_roles: int, n_flips: int, rng: np.random.Generator
) -> PairFigures:
    """Test every ordered pair of roles, the runs together.

    Parameters
    ----------
    parts
        One of each run.
    roles
        Role of each analysed agent in each unit of each part, shape (U, N); -1 for none.
    n_roles
        Number of roles.
    n_flips
        Draws of the null.
    rng
        Draws them.
    """
    weight = np.full((n_roles, n_roles), np.nan)
    p_value = np.full((n_roles, n_roles), np.nan)
    for receiver, sender in np.ndindex(n_roles, n_roles):
        found = [_role_scores(part, of, (receiver, sender)) for part, of in zip(parts, roles, strict=True)]
        weights = [each.weight for each in found if np.isfinite(each.weight)]
        if weights:
            weight[receiver, sender] = float(np.mean(weights))
            if is_flipped(parts):
                flips = quadratic_flips([each.scores for each in found], n_flips=n_flips, rng=rng)
                p_value[receiver, sender] = float(flips.p_value[0])
    return PairFigures(weight=weight, p_value=p_value)


def _role_scores(part: Part, roles: IntArray, pair: tuple[int, int]) -> RoleScores:
    tests, n_agents = part.fits.scores, roles.shape[1]
    others = [(r, s) for r in range(n_agents) for s in range(n_agents) if r != s]
    has_roles = [np.equal(roles[:, r], pair[0]) & np.equal(roles[:, s], pair[1]) for r, s in others]
    bounds = tests.starts.tolist()
    parts = [
        (np.where(is_so[:, None], tests.scores[:, bounds[test] : bounds[test + 1]], 0.0), float(is_so.mean()))
        for test, is_so in enumerate(has_roles)
        if is_so.any() and bounds[test] < bounds[test + 1]
    ]
    if not parts:
        return RoleScores(scores=_one_test(np.zeros((len(roles), 0)), 1.0), weight=float("nan"))
    shares = np.array([share for _, share in parts])
    bits = np.array([_bits(scores, share) for scores, share in parts])
    joined = np.concatenate([scores for scores, _ in parts], axis=1)
    return RoleScores(
        scores=_one_test(joined, float(tests.freedom.min())), weight=float((shares * bits).sum() / shares.sum())
    )


def _bits(scores: FloatArray, share: float) -> float:
    """Return the transfer entropy in the units that say something, from its scores; flips give the bias."""
    gain = np.square(scores.sum(axis=0)).sum() - np.square(scores).sum()
    return float(gain) / (2 * share**2 * float(np.log(2)))


def _one_test(scores: FloatArray, freedom: float) -> UnitScores:
    return UnitScores(scores=scores, starts=np.array([0, scores.shape[1]]), freedom=np.array([freedom]))


def unit_roles(part: Part, declared: IntArray) -> IntArray:
    """Return the role of each agent in each unit, shape (U, N); -1 where the episodes of a unit differ.

    Parameters
    ----------
    part
        One run and checkpoint.
    declared
        Declared role of each analysed agent in each episode of the log, -1 for none, shape (E, N).
    """
    of_part = declared[part.group.episodes]
    is_settled: BoolArray = np.asarray(np.equal(of_part, of_part[:1]).all(axis=0))
    settled = np.where(is_settled, of_part[0], -1)
    is_single = part.units.episode >= 0
    return np.where(is_single[:, None], declared[part.units.episode], settled)
