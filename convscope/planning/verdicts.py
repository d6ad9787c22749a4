"""The verdicts that simulated studies would be given, by the tests and the ladder that analyses use."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from convscope.compare.joint import RelabelledRuns, join, relabel_runs
from convscope.compare.nulls import alignment_outcome, specificity_outcome
from convscope.compare.power import POWER, equivalence_interval, smallest_detectable_gap
from convscope.compare.projection import strength
from convscope.compare.scores import Scores, score
from convscope.compare.verdict import Findings, decide
from convscope.routing.halves import split_in_halves
from convscope.routing.intervals import FEWEST_RUNS, student_t
from convscope.routing.preference import role_preference
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import Team, simulate_runs
from convscope.values.arrays import IntArray
from convscope.values.gap import Verdict
from convscope.values.prior import RolePrior

MOST_RUNS = 50
_DRAWS = 199
"""Joint relabellings of a study; all of them where they are few."""
_BATCH = 100
_BATCHES = 4
_ERROR = 0.02
"""Standard error of a share with which no further batch is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Runs of one truth, from which studies are drawn."""

    scores: Scores
    relabelled: RelabelledRuns
    alpha: float
    margin: float

    def given(self, verdict: Verdict, n_runs: int, *, seed: int, n_batches: int = _BATCHES) -> float:
        """Return the share of studies of so many runs that are given a verdict."""
        if not self.scores.is_scorable or n_runs < FEWEST_RUNS:
            return 0.0
        hits: list[bool] = []
        for batch in range(n_batches):
            rng = np.random.default_rng([seed, n_runs, batch])
            for _ in range(_BATCH):
                picks = rng.choice(len(self.scores.runs), n_runs, replace=False)
                hits.append(self._verdict(picks, seed=int(rng.integers(1 << 31))) is verdict)
            if float(np.std(hits)) / np.sqrt(len(hits)) <= _ERROR:
                break
        return float(np.mean(hits))

    def detectable(self, n_runs: int, *, seed: int) -> float:
        """Return the median of what studies of so many runs, at least three, tell as their smallest detectable gap."""
        rng = np.random.default_rng([seed, n_runs])
        studies = [self._study(rng.choice(len(self.scores.runs), n_runs, replace=False)) for _ in range(_BATCH)]
        found = [smallest_detectable_gap(study) for study in studies]
        return float(np.quantile([math.inf if each is None else each for each in found], 0.5, method="inverted_cdf"))

    def needed(self, verdict: Verdict, fewest: int, *, seed: int) -> int | None:
        """Return the smallest number of runs whose studies are given a verdict with `POWER`; None above `MOST_RUNS`."""
        if fewest > MOST_RUNS:
            return None
        tried = list(_growing(fewest))
        enough = next((n for n in tried if self.given(verdict, n, seed=seed, n_batches=1) >= POWER), None)
        if enough is None or enough == fewest:
            return enough
        low = next(low for low, high in pairwise(tried) if high == enough)
        while enough - low > 1:
            middle = (low + enough) // 2
            is_enough = self.given(verdict, middle, seed=seed, n_batches=1) >= POWER
            low, enough = (low, middle) if is_enough else (middle, enough)
        return enough

    def _verdict(self, picks: IntArray, *, seed: int) -> Verdict:
        """Return the verdict on some of the runs; several conventions are not looked for, as all runs share one."""
        scores = self._study(picks)
        runs = tuple(self.relabelled.runs[pick] for pick in picks.tolist())
        joint = join([run.relabellings for run in runs], scores.runs, n_draws=_DRAWS, seed=seed)
        relabelled = RelabelledRuns(runs=runs, joint=joint)
        findings = Findings(
            n_runs=len(picks),
            why_unscored="",
            specificity=specificity_outcome(scores, relabelled, alpha=self.alpha),
            alignment=alignment_outcome(scores, relabelled),
            gap=equivalence_interval(scores.gap),
            strength=student_t(strength(scores.learned, scores.target)),
            multiplicity=None,
            multiplicity_p=None,
            smallest_detectable=smallest_detectable_gap(scores),
            runs_needed=None,
            relabelling="",
            foreign=None,
            alpha=self.alpha,
            margin=self.margin,
        )
        return decide(findings)[0]

    def _study(self, picks: IntArray) -> Scores:
        names = tuple(map(str, range(len(picks))))
        return replace(self.scores, runs=names, learned=self.scores.learned[picks], floor=self.scores.floor[picks])


def pool_of(
    team: Team, prior: RolePrior, *, n_runs: int, alpha: float, margin: float, rng: np.random.Generator
) -> Pool:
    """Simulate a pool of runs, held against a prior."""
    tallies = tallies_of(simulate_runs(team, n_runs, rng))
    scores = score(prior, role_preference(tallies, prior.roles), split_in_halves(tallies, rng=rng, n_splits=2))
    relabelled = relabel_runs(tallies, scores, n_draws=_DRAWS, seed=int(rng.integers(1 << 31)))
    return Pool(scores=scores, relabelled=relabelled, alpha=alpha, margin=margin)


def _growing(fewest: int) -> Iterator[int]:
    """Yield numbers of runs, each a quarter larger than the one before, up to `MOST_RUNS`."""
    n_runs = fewest
    while n_runs < MOST_RUNS:
        yield n_runs
        n_runs += max(1, n_runs // 4)
    yield MOST_RUNS
