"""Dilution: how much of the declared structure is missing."""

import numpy as np

from convscope.compare.comparison import Comparison, RoutingTests
from convscope.compare.components.component import GapComponent, share_words, unscored
from convscope.compare.components.direction import Direction, direction, strength_interval
from convscope.compare.null_range import null_range
from convscope.compare.nulls import Outcome, prior_attainable
from convscope.compare.projection import strength
from convscope.compare.shortfall import shortfall, shortfall_between
from convscope.values.chance import at_least
from convscope.values.gap import Component


def score_dilution(comparison: Comparison, name: str) -> Component:
    """``1 - clip(λ, 0, 1)`` of the mean λ over runs (docs/gap.md); λ is among the parts.

    λ is linear in P, so its mean over runs is that of the mean preference. The interval is that of λ, clipped alike.
    """
    tests = comparison.routing
    if tests is None or not tests.scores.is_scorable:
        return unscored(name, comparison.why_no_routing)
    shown = strength(tests.scores.learned, tests.scores.target)
    interval, kind = strength_interval(tests)
    ends = () if interval is None else (("lambda, low", interval[0]), ("lambda, high", interval[1]))
    test = _test(tests, float(shown.mean()))
    return Component(
        name=name,
        value=shortfall(float(shown.mean())),
        interval=None if interval is None else shortfall_between(interval),
        interval_kind=kind,
        null=test.null,
        p_value=test.p_value,
        attainable_p=test.attainable_p,
        scorable=True,
        parts=(("lambda", float(shown.mean())), *ends),
        per_run=tuple(zip(tests.scores.runs, (1 - shown).tolist(), strict=True)),
        note=direction(interval).value,
    )


def _test(tests: RoutingTests, found: float) -> Outcome:
    """Test whether more of the declared structure shows than under relabelling of the agents within each run."""
    null = tests.relabelled.joint.mean_of(
        [strength(run.preference, tests.scores.target) for run in tests.relabelled.runs]
    )
    return Outcome(
        statistic=found,
        p_value=tests.relabelled.joint.p_value(at_least(found, null)),
        attainable_p=prior_attainable(tests.scores, tests.relabelled),
        null=null_range(1 - np.clip(null, 0.0, 1.0)),
    )


def _words(component: Component) -> str:
    """Say what has faded; λ itself may lie beyond either end of the scale."""
    shown = dict(component.parts)["lambda"]
    side = f"; {component.note}" if component.note and component.note != Direction.WEAKER else ""
    if shown >= 1:
        return f"Nothing of the declared preference has faded{side} (lambda {shown:.2f})."
    if shown <= 0:
        return f"Nothing of the declared preference shows{side} (lambda {shown:.2f})."
    return f"{share_words(component.value)} of the declared preference has faded into even routing."


DILUTION = GapComponent(name="dilution", score=score_dilution, words=_words)
