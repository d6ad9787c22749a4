"""Tests of the routing under independent relabelling of the agents within each run."""

from dataclasses import dataclass

from convscope.compare.attainable import alignment_attainable, shared_level, specificity_reach
from convscope.compare.joint import RelabelledRuns
from convscope.compare.null_range import null_range
from convscope.compare.scores import Scores, gap_of
from convscope.routing.divergence import conditioned, even, mean_divergence
from convscope.values.chance import at_least
from convscope.values.gap import NullRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Outcome of a test."""

    statistic: float
    p_value: float
    attainable_p: float
    """The smallest p that the team's composition and the number of runs and draws could have given."""
    null: NullRange | None = None
    """On the scale of the component, or of the statistic where no component is scored by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specificity:
    """Is routing role-structured at all? Statistic: mean over rows of the divergence of P from even, in bits."""

    average: Outcome
    """On the mean of P over runs: structure that the runs share."""
    run_wise: Outcome
    """Mean over runs of the statistic of each run: structure within runs, alike or not."""
    p_value: float
    """Bonferroni over those of the two tests that can reach the level so divided; 1 when none can."""
    attainable_p: float
    """The smallest that ``p_value`` could have been; where no test can reach the level, that of the finer one."""
    as_declared_p: float
    """The same should P share the symmetries of the prior; at least ``attainable_p``."""


def specificity_outcome(scores: Scores, relabelled: RelabelledRuns, *, alpha: float) -> Specificity:
    """Test whether routing is role-structured at all; needs no prior (docs/gap.md).

    Parameters
    ----------
    scores
        Preference of each run.
    relabelled
        The same under relabelling.
    alpha
        Level; a test that cannot reach it takes no part and no share of the level.
    """
    cells, joint = scores.cells, relabelled.joint
    blind = even(cells)
    reach = specificity_reach(relabelled.relabellings, scores.target, alpha=alpha, finest=joint.resolution)
    null = mean_divergence(relabelled.mean_preference(cells), blind)
    found = float(mean_divergence(scores.learned.mean(axis=0), blind))
    average = Outcome(
        statistic=found,
        p_value=joint.p_value(at_least(found, null)),
        attainable_p=reach.tests[0],
        null=null_range(null),
    )
    null = joint.mean_of([mean_divergence(conditioned(run.preference, cells), blind) for run in relabelled.runs])
    found = float(mean_divergence(scores.learned, blind).mean())
    run_wise = Outcome(
        statistic=found,
        p_value=joint.p_value(at_least(found, null)),
        attainable_p=reach.tests[1],
        null=null_range(null),
    )
    return Specificity(
        average=average,
        run_wise=run_wise,
        p_value=shared_level((average.p_value, run_wise.p_value), reach.entering),
        attainable_p=reach.together,
        as_declared_p=reach.as_declared,
    )


def alignment_outcome(scores: Scores, relabelled: RelabelledRuns) -> Outcome:
    """Test whether P is nearer to the prior than relabelled agents are: mean over runs of T, small is extreme.

    To be read only where specificity is rejected (docs/gap.md): the two tests together would err in 8-10 %.
    """
    distances = [mean_divergence(run.preference, scores.target) for run in relabelled.runs]
    null = relabelled.joint.mean_of(distances)
    floors = scores.run_floor
    gaps = [gap_of(each, floor, scores.anchor) for each, floor in zip(distances, floors, strict=True)]
    found = float(scores.distance.mean())
    return Outcome(
        statistic=found,
        p_value=relabelled.joint.p_value(at_least(-found, -null)),
        attainable_p=prior_attainable(scores, relabelled),
        null=null_range(relabelled.joint.mean_of(gaps)),
    )


def prior_attainable(scores: Scores, relabelled: RelabelledRuns) -> float:
    """Return the smallest p of a test against the prior: by relabellings that leave it as it is, and by the draws."""
    return max(alignment_attainable(relabelled.relabellings, scores.target), relabelled.joint.resolution)
