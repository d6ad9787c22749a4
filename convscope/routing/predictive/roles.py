"""Edges between roles: the scores of all pairs of agents that have the two roles, episode by episode.

Where slots are filled anew in each episode, the same two slots are now one pair of roles and now another: each
episode's scores go to the roles that the slots had in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from convscope.routing.edges import PairFigures
from convscope.routing.flips import UnitScores, quadratic_flips
from convscope.routing.predictive.common_cause import innovation_light, margin_over_common_cause
from convscope.routing.predictive.evaluate import ActionScores
from convscope.routing.predictive.pooling import pooled_scores
from convscope.routing.predictive.significance import is_flipped
from convscope.routing.predictive.strength import strengths
from convscope.routing.predictive.study import Part
from convscope.values.arrays import BoolArray, FloatArray, IntArray, known_mean
from convscope.values.config import AnalysisConfig


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleScores:
    """Scores of one run for every pair of roles."""

    edges: UnitScores
    """A test per ordered pair of roles, receiver by receiver; its columns are those of all pairs of agents, 0 in units
    in which they have other roles, and scaled to a mean over pairs of agents."""
    pooled: UnitScores
    """A test per ordered pair of roles: what was done, added over pairs of agents, whoever did it."""
    innovations: UnitScores
    """As ``edges``, of what agents do at the same step: a test per unordered pair of roles, each with itself, too."""
    pooled_innovations: UnitScores
    """As ``pooled``, of what agents do at the same step."""
    weight: FloatArray
    """Bits per step to first order, less the bias, shape (receiver, sender); NaN where no agents ever have the two
    roles."""


def role_figures(
    parts: Sequence[Part],
    roles: Sequence[IntArray],
    *,
    n_roles: int,
    lag: int,
    config: AnalysisConfig,
    rng: np.random.Generator,
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
    lag
        Steps looked back.
    config
        Level and draws of the null. Where roles surprise at the same step, edges must be stronger than that.
    rng
        Draws them.
    """
    found = [_role_scores(part, of, n_roles) for part, of in zip(parts, roles, strict=True)]
    weight = known_mean(np.array([each.weight for each in found]))
    p_value = np.full((n_roles, n_roles), np.nan)
    if is_flipped(parts):
        p_value = _p_values(found, lag=lag, config=config, rng=rng).reshape(n_roles, n_roles)
    return PairFigures(weight=weight, p_value=np.where(np.isfinite(weight), p_value, np.nan))


def _p_values(found: Sequence[RoleScores], *, lag: int, config: AnalysisConfig, rng: np.random.Generator) -> FloatArray:
    edges, innovations = [each.edges for each in found], [each.innovations for each in found]
    pooled = [each.pooled_innovations for each in found]
    light = innovation_light(innovations, pooled, alpha=config.alpha, n_flips=config.n_permutations, rng=rng)
    margin = margin_over_common_cause([strengths(each) for each in edges], light, lag=lag)
    flips = partial(quadratic_flips, n_flips=config.n_permutations, q=config.q / 2, rng=rng)
    apart = flips(edges)
    together = _in_two_runs(np.array([flips([each.pooled]) for each in found]))
    # Pairs that follow the same convention speak up together, those that differ apart (Bonferroni).
    flipped: FloatArray = np.minimum(2 * np.fmin(apart, together), 1.0)
    return flipped if margin is None else np.asarray(np.fmax(flipped, margin.p_value))


def _in_two_runs(p_values: FloatArray) -> FloatArray:
    """Return the p of a rule that at least two runs follow, if there are several (Benjamini and Heller 2008).

    A rule of a role is one that pairs of agents share; where policies are trained anew it has to come back.
    """
    n_runs = len(p_values)
    if n_runs == 1:
        return np.asarray(p_values[0])
    ordered = np.sort(np.where(np.isfinite(p_values), p_values, 1.0), axis=0)
    p_value: FloatArray = np.minimum((n_runs - 1) * ordered[1], 1.0)
    return p_value


def _role_scores(part: Part, roles: IntArray, n_roles: int) -> RoleScores:
    n_agents = roles.shape[1]
    ordered = [(r, s) for r in range(n_agents) for s in range(n_agents) if r != s]
    pairs = list(np.ndindex(n_roles, n_roles))
    has_roles = [[_have(roles, agents, pair) for agents in ordered] for pair in pairs]
    unordered = [(r, s) for r, s in ordered if s < r]
    meet = [
        [_have(roles, agents, (a, b)) | _have(roles, agents, (b, a)) for agents in unordered]
        for a, b in pairs
        if b <= a
    ]
    freedom = float(part.fits.scores.freedom.min())
    tests = part.fits.scores
    weight = np.array([_weight(tests, is_so) for is_so in has_roles]).reshape(n_roles, n_roles)
    pairs_of_actions = [
        [
            (part.fits.by_action[agents], is_so)
            for agents, is_so in zip(ordered, has, strict=True)
            if agents in part.fits.by_action
        ]
        for has in has_roles
    ]
    added = [pooled_scores(each, len(roles)) for each in pairs_of_actions]
    meetings = [pooled_scores(_meetings(part, roles, (a, b)), len(roles)) for a, b in pairs if b <= a]
    return RoleScores(
        edges=_apart(tests, has_roles, freedom),
        pooled=_joined(added, freedom),
        innovations=_apart(part.fits.innovations, meet, freedom),
        pooled_innovations=_joined(meetings, freedom),
        weight=weight,
    )


def _meetings(part: Part, roles: IntArray, pair: tuple[int, int]) -> list[tuple[ActionScores, BoolArray]]:
    """Return what two agents did at the same step, the first role's agent first, and the units in which it counts."""
    found: list[tuple[ActionScores, BoolArray]] = []
    for (first, second), scores in part.fits.surprises_by_action.items():
        found.append((scores, _have(roles, (first, second), pair)))
        # Two agents of one role meet both ways round.
        found.append((scores.turned, _have(roles, (second, first), pair)))
    return found


def _have(roles: IntArray, agents: tuple[int, int], pair: tuple[int, ...]) -> BoolArray:
    """Return the units in which two agents have two roles, shape (U,)."""
    is_first: BoolArray = np.equal(roles[:, agents[0]], pair[0])
    return is_first & np.equal(roles[:, agents[1]], pair[1])


def _apart(tests: UnitScores, has_roles: Sequence[Sequence[BoolArray]], freedom: float) -> UnitScores:
    """Return a test per pair of roles, of the units in which agents have them."""
    parts = [_columns(tests, is_so) for is_so in has_roles]
    none = np.zeros((len(tests.scores), 0))
    # Of n pairs of agents that have the roles in shares x of the units, sums of squares grow with the sum of x squared.
    scales = [1 / np.sqrt(max(sum(share**2 for _, share in part), 1e-300)) for part in parts]
    columns = [
        np.concatenate([none, *(scores for scores, _ in part)], axis=1) * scale
        for part, scale in zip(parts, scales, strict=True)
    ]
    return _joined(columns, freedom)


def _joined(columns: Sequence[FloatArray], freedom: float) -> UnitScores:
    return UnitScores(
        scores=np.concatenate(columns, axis=1),
        starts=np.cumsum([0, *(scores.shape[1] for scores in columns)]),
        freedom=np.full(len(columns), freedom),
    )


def _columns(tests: UnitScores, has_roles: Sequence[BoolArray]) -> list[tuple[FloatArray, float]]:
    """Return the scores of each pair of agents where it has the roles, and the share of units in which it has."""
    bounds = tests.starts.tolist()
    return [
        (np.where(is_so[:, None], tests.scores[:, bounds[test] : bounds[test + 1]], 0.0), float(is_so.mean()))
        for test, is_so in enumerate(has_roles)
        if is_so.any() and bounds[test] < bounds[test + 1]
    ]


def _weight(tests: UnitScores, has_roles: Sequence[BoolArray]) -> float:
    """Return the mean transfer entropy over the pairs of agents that have two roles; NaN without any."""
    parts = _columns(tests, has_roles)
    shares = np.array([share for _, share in parts])
    bits = np.array([_bits(scores, share) for scores, share in parts])
    return float((shares * bits).sum() / shares.sum()) if parts else float("nan")


def _bits(scores: FloatArray, share: float) -> float:
    """Return the transfer entropy in the units that say something, from its scores; flips give the bias."""
    gain = np.square(scores.sum(axis=0)).sum() - np.square(scores).sum()
    return float(gain) / (2 * share**2 * float(np.log(2)))


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
