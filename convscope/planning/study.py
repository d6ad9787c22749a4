"""What a study could conclude, before anybody trains."""

import math
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
from convscope.compare.power import POWER, equivalence_interval, smallest_detectable_gap
from convscope.compare.projection import strength
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.compare.scores import FLAT_ROW, Scores, score
from convscope.randomness import generator
from convscope.routing.divergence import conditioned, even, mean_divergence
from convscope.routing.halves import split_in_halves
from convscope.routing.intervals import FEWEST_RUNS, student_t
from convscope.routing.preference import role_preference
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import Team, diluted, relabelled, simulate_runs
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Verdict
from convscope.values.prior import RolePrior

NOISE = 0.3
"""Assumed standard deviation of the log of weights: of habits that last for a run, and of each step."""
_POOL = 60
"""Simulated runs of each truth."""
_STUDIES = 200
_DRAWS = 9
"""Studies whose smallest detectable gap is measured."""
_N_DRAWS = AnalysisConfig().n_permutations
MOST_RUNS = 50


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
    power: tuple[tuple[Verdict, float | None], ...]
    """Share of simulated studies of as many runs that meet the intervals of the verdict that is right; 0 out of reach,
    None where the reach is `Reach.BARELY`."""
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
    pools = _pools(question, prior) if attaining is not None else {}
    return Plan(
        prior=name,
        specificity_p=specificity,
        alignment_p=alignment,
        reach=_reach(question, max(free, alignment), attaining),
        runs_for_tests=attaining,
        smallest_detectable=_detectable(question, prior, pools),
        power=tuple(
            (verdict, _planned_power(question, verdict, pool, reach=_reach(question, max(free, alignment), attaining)))
            for verdict, pool in pools.items()
        ),
        runs_needed=tuple(
            (verdict, _needed(question, verdict, pool, attaining=attaining)) for verdict, pool in pools.items()
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


def _pools(question: Question, prior: RolePrior) -> dict[Verdict, Scores]:
    """Return many runs of each truth, held against the prior."""
    shown = _shown(prior)
    truths = {
        Verdict.ALIGNED: shown,
        Verdict.PARTIAL: diluted(shown, 0.5),
        Verdict.STRUCTURED_BUT_DIFFERENT: _farthest(shown),
    }
    return {
        verdict: _scored(question, prior, truth, n_runs=_POOL, rng=generator(question.seed, "plan", verdict.value))
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


def _scored(
    question: Question,
    prior: RolePrior,
    shown: tuple[tuple[float, ...], ...],
    *,
    n_runs: int,
    rng: np.random.Generator,
) -> Scores:
    team = Team(preference=shown, members=question.members, dyad_noise=question.noise, step_noise=question.noise)
    tallies = tallies_of(simulate_runs(team, n_runs, rng))
    return score(prior, role_preference(tallies, prior.roles), split_in_halves(tallies, rng=rng, n_splits=5))


def _detectable(question: Question, prior: RolePrior, pools: dict[Verdict, Scores]) -> float | None:
    """Return the median over simulated studies of as many runs as planned, with a team as declared."""
    if question.n_runs < FEWEST_RUNS or not pools or not pools[Verdict.ALIGNED].is_scorable:
        return None
    found: list[float] = []
    for draw in range(_DRAWS):
        rng = generator(question.seed, "plan", "detectable", str(draw))
        detectable = smallest_detectable_gap(
            _scored(question, prior, _shown(prior), n_runs=question.n_runs, rng=rng), rng
        )
        found.append(math.inf if detectable is None else detectable)
    return sorted(found)[_DRAWS // 2]


def _planned_power(question: Question, verdict: Verdict, pool: Scores, *, reach: Reach) -> float | None:
    if reach is Reach.BARELY:
        return None
    return 0.0 if reach is Reach.NONE else _power(question, verdict, pool, n_runs=question.n_runs)


def _needed(question: Question, verdict: Verdict, pool: Scores, *, attaining: int | None) -> int | None:
    if attaining is None:
        return None
    for n_runs in range(max(attaining, FEWEST_RUNS), MOST_RUNS + 1):
        if _power(question, verdict, pool, n_runs=n_runs) >= POWER:
            return n_runs
    return None


def _power(question: Question, verdict: Verdict, pool: Scores, *, n_runs: int) -> float:
    """Return how often runs drawn from the pool meet the intervals of a verdict."""
    if not pool.is_scorable:
        return 0.0
    rng = generator(question.seed, "plan", "power", verdict.value, str(n_runs))
    gaps, strengths = pool.gap, strength(pool.learned, pool.target)
    picks = rng.integers(len(gaps), size=(_STUDIES, n_runs))
    given = [_is_given(question, verdict, gaps[pick], strengths=strengths[pick]) for pick in picks]
    return float(np.mean(given))


def _is_given(question: Question, verdict: Verdict, gaps: FloatArray, *, strengths: FloatArray) -> bool:
    interval, share = equivalence_interval(gaps), student_t(strengths)
    if interval is None or share is None:
        return False
    if verdict is Verdict.ALIGNED:
        return interval[1] < question.margin
    if verdict is Verdict.PARTIAL:
        return interval[1] >= question.margin and share[0] > 0
    return interval[0] > question.margin and share[0] <= 0
