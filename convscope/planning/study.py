"""What a study could conclude, before anybody trains."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np

from convscope.compare.attainable import (
    alignment_attainable,
    runs_to_attain,
    specificity_reach,
)
from convscope.compare.joint import resolution
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.compare.scores import FLAT_ROW
from convscope.planning.verdicts import Pool, pool_of
from convscope.randomness import generator
from convscope.routing.divergence import conditioned, even, mean_divergence
from convscope.routing.intervals import FEWEST_RUNS
from convscope.simulate.teams import Team, diluted, relabelled
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Verdict
from convscope.values.prior import RolePrior

NOISE = 0.3
"""Assumed standard deviation of the log of weights: of habits that last for a run, and of each step."""
_POOL = 300
_SMALL_POOL = 60
"""Simulated runs of each truth; the small pool is for teams whose agents can hold each other's roles in many ways."""
_MANY_WAYS = 200
_N_DRAWS = AnalysisConfig().n_permutations


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The study that is planned."""

    members: tuple[int, ...]
    """Agents of each role."""
    n_runs: int
    alpha: float = 0.05
    margin: float = 0.5
    noise: float = NOISE
    seed: int = 0


class Reach(StrEnum):
    """Whether so many runs can conclude anything."""

    NONE = "insufficient-evidence whatever is learned"
    BARELY = "insufficient-evidence unless the team turns out less symmetric than the prior"
    REACHED = "both tests can reach the level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study with one prior could conclude."""

    prior: str
    """``circulant``, ``generic``, or the name of the file."""
    specificity_p: float
    """The smallest that the test could give, for a team with the symmetries of the prior."""
    alignment_p: float
    reach: Reach
    runs_for_tests: int | None
    """Runs in all with which both tests could reach the level; None where no number would do."""
    smallest_detectable: float | None
    """Median over simulated studies; None under three runs or without a row to score, infinity where none is shown."""
    power: tuple[tuple[Verdict, float], ...]
    """Share of simulated studies of as many runs that are given the verdict that is right; 0 out of reach."""
    runs_needed: tuple[tuple[Verdict, int | None], ...]
    """Runs with which that share is 80 %; None where `MOST_RUNS` are not enough."""
    scorable_rows: int
    """Rows of the prior sharp enough to be scored."""


def plan_study(question: Question, name: str, prior: RolePrior) -> Plan:
    """Simulate what runs of a team would show of a prior: as declared, half of it, and two of its roles swapped.

    Parameters
    ----------
    question
        The study.
    name
        Of the prior, for the answer.
    prior
        Its preference is declared; one role for each of the question's.
    """
    declared = _declared(prior)
    cells = ~np.diag(np.asarray(question.members) < 2)
    target = conditioned(declared, cells & np.isfinite(declared))
    sharp = np.array([float(mean_divergence(even(np.isfinite(row)), row)) for row in target[:, None]])
    target = np.where((sharp >= FLAT_ROW)[:, None], target, np.nan)
    one = _one_run(question)
    free, specificity, alignment = _attainable(question, one, target)
    is_scorable = bool(np.isfinite(target).any())
    attaining = runs_to_attain([one], target, alpha=question.alpha, n_draws=_N_DRAWS) if is_scorable else None
    pools = _pools(question, prior, n_ways=one.n_all) if attaining is not None else {}
    reach = _reach(question, max(free, alignment), attaining)
    return Plan(
        prior=name,
        specificity_p=specificity,
        alignment_p=alignment,
        reach=reach,
        runs_for_tests=attaining,
        smallest_detectable=_detectable(question, pools),
        power=tuple(
            (verdict, 0.0 if reach is Reach.NONE else pool.given(verdict, question.n_runs, seed=question.seed))
            for verdict, pool in pools.items()
        ),
        runs_needed=tuple(
            (verdict, pool.needed(verdict, max(attaining or 0, FEWEST_RUNS), seed=question.seed))
            for verdict, pool in pools.items()
        ),
        scorable_rows=int(np.isfinite(target).any(axis=1).sum()),
    )


def _one_run(question: Question) -> Relabellings:
    roles = np.repeat(np.arange(len(question.members)), question.members)[None]
    rng = generator(question.seed, "plan", "relabellings")
    return relabellings(roles, np.ones_like(roles, bool), n_roles=len(question.members), n_draws=_N_DRAWS, rng=rng)


def _attainable(question: Question, one: Relabellings, target: FloatArray) -> tuple[float, float, float]:
    """Return the smallest p of specificity for a team without symmetries, with those of the prior, and of alignment."""
    runs = [one] * question.n_runs
    finest = resolution(runs, n_draws=_N_DRAWS)
    reach = specificity_reach(runs, target, alpha=question.alpha, finest=finest)
    return reach.together, reach.as_declared, max(alignment_attainable(runs, target), finest)


def _reach(question: Question, least: float, attaining: int | None) -> Reach:
    if attaining is None or question.n_runs < FEWEST_RUNS or least > question.alpha:
        return Reach.NONE
    return Reach.REACHED if question.n_runs >= attaining else Reach.BARELY


def _pools(question: Question, prior: RolePrior, *, n_ways: int) -> dict[Verdict, Pool]:
    """Return many runs of each truth, held against the prior."""
    shown = _shown(prior)
    truths = {
        Verdict.ALIGNED: shown,
        Verdict.PARTIAL: diluted(shown, 0.5),
        Verdict.STRUCTURED_BUT_DIFFERENT: _farthest(shown),
    }
    return {
        verdict: pool_of(
            Team(preference=truth, members=question.members, dyad_noise=question.noise, step_noise=question.noise),
            prior,
            n_runs=_POOL if n_ways <= _MANY_WAYS else _SMALL_POOL,
            alpha=question.alpha,
            margin=question.margin,
            rng=generator(question.seed, "plan", verdict.value),
        )
        for verdict, truth in truths.items()
    }


def _shown(prior: RolePrior) -> tuple[tuple[float, ...], ...]:
    """Return what a team as declared would do: even where nothing is declared."""
    declared = _declared(prior)
    is_row = np.isfinite(declared).any(axis=1, keepdims=True)
    rest = np.where(is_row, np.nanmean(np.where(is_row, declared, 1.0), axis=1, keepdims=True), 1.0)
    return tuple(map(tuple, np.where(np.isfinite(declared), declared, rest).tolist()))


def _farthest(shown: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """Return the swap of two roles that leads farthest from a preference."""
    roles = range(len(shown))
    swaps = [[{a: b, b: a}.get(role, role) for role in roles] for a, b in combinations(roles, 2)]
    swapped = [relabelled(shown, swap) for swap in swaps]
    return max(swapped, key=lambda each: float(mean_divergence(np.array(each), np.array(shown))))


def _declared(prior: RolePrior) -> FloatArray:
    return np.full((len(prior.roles),) * 2, np.nan) if prior.preference is None else prior.preference


def _detectable(question: Question, pools: dict[Verdict, Pool]) -> float | None:
    """Return the median over simulated studies of as many runs as planned, with a team as declared."""
    if question.n_runs < FEWEST_RUNS or not pools or not pools[Verdict.ALIGNED].scores.is_scorable:
        return None
    return pools[Verdict.ALIGNED].detectable(question.n_runs, seed=question.seed)
