"""All runs of a study under joint relabellings of their agents."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.compare.relabelled_run import RelabelledRun, relabelled_run
from convscope.compare.relabelling import Relabellings
from convscope.compare.scores import Scores
from convscope.randomness import generator
from convscope.routing.divergence import conditioned
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.routing import RoutingTallies

EXACT_LIMIT = 10_000
"""Largest number of joint relabellings of all runs that are all tried."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointRelabellings:
    """One relabelling for each run, many times over; each run is relabelled on its own."""

    picks: IntArray
    """Number of the relabelling of each run, shape (B, S)."""
    is_exact: bool
    """Whether these are all, the declared roles included; else they were drawn."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "picks", sealed(self.picks, (None, None), "picks"))

    def p_value(self, is_extreme: BoolArray) -> float:
        """Return the share of relabellings at least as extreme as what was seen.

        Parameters
        ----------
        is_extreme
            Shape (B,). Where they were drawn, what was seen is added to both sides of the fraction.
        """
        seen = 0 if self.is_exact else 1
        return (seen + int(is_extreme.sum())) / (seen + len(is_extreme))

    def mean_of(self, values: Sequence[FloatArray]) -> FloatArray:
        """Return the mean over runs of what each run shows under its relabelling, shape (B, ...)."""
        return np.asarray(sum(value[self.picks[:, s]] for s, value in enumerate(values)) / len(values))

    @property
    def resolution(self) -> float:
        """The smallest p that this number of relabellings can give."""
        return 1 / (len(self.picks) + (0 if self.is_exact else 1))


def resolution(runs: Sequence[Relabellings], *, n_draws: int) -> float:
    """Return the smallest p that the joint relabellings of `join` could give, without making them."""
    n_drawn = n_joint_draws(runs, n_draws=n_draws)
    return 1 / math.prod(len(run.labels) for run in runs) if n_drawn is None else 1 / (1 + n_drawn)


def n_joint_draws(runs: Sequence[Relabellings], *, n_draws: int) -> int | None:
    """Return how many joint relabellings `join` draws; None where it tries all."""
    n_joint = math.prod(len(run.labels) for run in runs)
    if n_joint <= EXACT_LIMIT and all(run.is_exhaustive for run in runs):
        return None
    return min([n_draws, *(len(run.labels) - 1 for run in runs if not run.is_exhaustive)])


def join(runs: Sequence[Relabellings], names: Sequence[str], *, n_draws: int, seed: int) -> JointRelabellings:
    """Try all joint relabellings where they are few, else draw some.

    Parameters
    ----------
    runs, names
        Relabellings and name of each run. A run's draws depend on its name, not on its place among the runs.
    n_draws
        Joint relabellings to draw, or as many as were drawn in the run that has fewest.
    seed
        Of the analysis.
    """
    n_drawn = n_joint_draws(runs, n_draws=n_draws)
    if n_drawn is None:
        return JointRelabellings(
            picks=np.indices([len(run.labels) for run in runs]).reshape(len(runs), -1).T, is_exact=True
        )
    picked = [
        generator(seed, "gap", "joint", name).integers(len(run.labels), size=n_drawn)
        if run.is_exhaustive
        else np.arange(1, n_drawn + 1)
        for name, run in zip(names, runs, strict=True)
    ]
    return JointRelabellings(picks=np.column_stack(picked), is_exact=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelabelledRuns:
    """The preferences of all runs under joint relabellings."""

    runs: tuple[RelabelledRun, ...]
    joint: JointRelabellings

    @property
    def relabellings(self) -> tuple[Relabellings, ...]:
        """Of each run."""
        return tuple(run.relabellings for run in self.runs)

    def mean_preference(self, cells: BoolArray) -> FloatArray:
        """Return the mean of P over runs under each joint relabelling, over some cells, shape (B, R, R)."""
        return self.joint.mean_of([conditioned(run.preference, cells) for run in self.runs])


def relabel_runs(tallies: RoutingTallies, scores: Scores, *, n_draws: int, seed: int) -> RelabelledRuns:
    """Fit the preference of each run under relabellings of its agents that keep its composition.

    Parameters
    ----------
    tallies
        Fitted anew under each relabelling.
    scores
        Says which runs count.
    n_draws, seed
        As in `join`.
    """
    runs = tuple(
        relabelled_run(
            tallies.rows(np.equal(tallies.run, tallies.runs.index(run))),
            n_roles=len(scores.roles),
            n_draws=n_draws,
            rng=generator(seed, "gap", "relabelling", run),
        )
        for run in scores.runs
    )
    joint = join([run.relabellings for run in runs], scores.runs, n_draws=n_draws, seed=seed)
    return RelabelledRuns(runs=runs, joint=joint)
