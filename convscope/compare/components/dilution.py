"""Dilution: how much of the declared structure is missing."""

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, unscored
from convscope.compare.projection import strength
from convscope.compare.shortfall import shortfall, shortfall_between
from convscope.routing.intervals import interval_of
from convscope.values.gap import Component


def score_dilution(comparison: Comparison, name: str) -> Component:
    """``1 - clip(λ, 0, 1)`` of the mean λ over runs (docs/gap.md); λ is among the parts.

    λ is linear in P, so its mean over runs is that of the mean preference. The interval is that of λ, clipped alike.
    """
    tests = comparison.routing
    if tests is None or not tests.scores.is_scorable:
        return unscored(name, comparison.why_no_routing)
    shown = strength(tests.scores.learned, tests.scores.target)
    draws = None if tests.resampled is None else strength(tests.resampled, tests.scores.target).mean(axis=1)
    interval, kind = interval_of(shown, draws)
    ends = () if interval is None else (("lambda, low", interval[0]), ("lambda, high", interval[1]))
    return Component(
        name=name,
        value=shortfall(float(shown.mean())),
        interval=None if interval is None else shortfall_between(interval),
        interval_kind=kind,
        scorable=True,
        parts=(("lambda", float(shown.mean())), *ends),
    )


DILUTION = GapComponent(name="dilution", score=score_dilution)
