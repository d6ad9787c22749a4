"""Foreign structure: how much of the learned structure was not declared."""

import numpy as np

from convscope.compare.comparison import Comparison, RoutingTests
from convscope.compare.components.component import GapComponent, share_words, unscored
from convscope.compare.null_range import null_range
from convscope.compare.nulls import Outcome, prior_attainable
from convscope.compare.projection import foreign_share
from convscope.routing.intervals import interval_of
from convscope.values.arrays import FloatArray
from convscope.values.chance import at_least
from convscope.values.gap import Component


def score_foreign(comparison: Comparison, name: str) -> Component:
    """``1 - cos²`` of the angle between P - U and Q - U, mean over the runs that are not about even (docs/gap.md).

    Not to be read as wrong: it says that structure is there which the prior does not speak of. Habits between single
    agents count as foreign, so small teams never show 0.
    """
    tests = comparison.routing
    if tests is None or not tests.scores.is_scorable:
        return unscored(name, comparison.why_no_routing)
    scores = tests.scores
    if _n_free(scores.target) < 2:
        return unscored(name, "only one share is free, and it can be nothing but more or less of what is declared")
    share = foreign_share(scores.learned, scores.target, floor=scores.run_floor)
    known = np.isfinite(share)
    if not known.any():
        return unscored(name, "routing is about even: it has no direction to compare")
    draws = None
    if tests.resampled is not None:
        draws = foreign_share(tests.resampled, scores.target, floor=scores.run_floor)[:, known].mean(axis=1)
    interval, kind = interval_of(share, draws)
    test = _test(tests, float(share[known].mean()))
    runs = [run for run, is_known in zip(scores.runs, known.tolist(), strict=True) if is_known]
    return Component(
        name=name,
        value=test.statistic,
        # Student-t knows no ends; a share has two.
        interval=None if interval is None else (max(0.0, interval[0]), min(1.0, interval[1])),
        interval_kind=kind,
        null=test.null,
        p_value=test.p_value,
        attainable_p=test.attainable_p,
        scorable=True,
        parts=(("runs that are not about even", float(known.sum())),),
        per_run=tuple(zip(runs, share[known].tolist(), strict=True)),
    )


def _test(tests: RoutingTests, found: float) -> Outcome:
    """Test whether less of the structure is foreign than under relabelling of the agents within each run."""
    scores, relabelled = tests.scores, tests.relabelled
    shares = [
        foreign_share(run.preference, scores.target, floor=floor)
        for run, floor in zip(relabelled.runs, scores.run_floor, strict=True)
    ]
    total = relabelled.joint.mean_of([np.nan_to_num(share) for share in shares])
    n_known = relabelled.joint.mean_of([np.isfinite(share).astype(np.float64) for share in shares])
    null = np.divide(total, n_known, out=np.full_like(total, np.nan), where=n_known > 0)
    # A relabelled team that is about even has no direction: it is no nearer to the declared one than any other.
    directed = np.where(np.isfinite(null), null, np.inf)
    return Outcome(
        statistic=found,
        p_value=relabelled.joint.p_value(at_least(-found, -directed)),
        attainable_p=prior_attainable(scores, relabelled),
        null=null_range(null),
    )


def _words(component: Component) -> str:
    return f"{share_words(component.value)} of the learned structure points elsewhere than the prior."


def _n_free(target: FloatArray) -> int:
    """Return in how many ways the scored shares can vary: one fewer than the cells of each row."""
    return int(np.maximum(np.isfinite(target).sum(axis=1) - 1, 0).sum())


FOREIGN = GapComponent(name="foreign", score=score_foreign, words=_words)
