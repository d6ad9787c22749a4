"""Multiplicity: whether the runs settled on different conventions."""

import numpy as np

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, share_words, unscored
from convscope.compare.conventions import multiplicity
from convscope.compare.scores import Scores
from convscope.routing.intervals import FEWEST_RUNS, OVER_RUNS, Interval, mean_half_width
from convscope.values.gap import Component


def score_multiplicity(comparison: Comparison, name: str) -> Component:
    """``mean_s T^s - T(mean_s P^s)``, scaled by T_U (docs/gap.md); the mean over runs hides it.

    0 when all runs agree. Its p asks whether runs that share one preference would differ as much.
    """
    tests = comparison.routing
    if tests is None or not tests.scores.is_scorable:
        return unscored(name, comparison.why_no_routing)
    if len(tests.scores.runs) < 2:
        return unscored(name, "there is one run only")
    scores = tests.scores
    excess = float(multiplicity(scores.learned, scores.target))
    test = tests.conventions
    interval = _interval(scores)
    return Component(
        name=name,
        value=excess / scores.anchor,
        interval=interval,
        interval_kind=None if interval is None else OVER_RUNS,
        null=test.null if test else None,
        p_value=test.p_value if test else None,
        attainable_p=test.attainable_p if test else None,
        scorable=True,
        parts=(("bit", excess),),
    )


def _interval(scores: Scores) -> Interval | None:
    """Return the Student-t interval with the jackknife's error over runs; None under three."""
    n_runs = len(scores.runs)
    if n_runs < FEWEST_RUNS:
        return None
    left_out = np.array([multiplicity(np.delete(scores.learned, run, axis=0), scores.target) for run in range(n_runs)])
    half = mean_half_width((n_runs - 1) * left_out) / scores.anchor
    centre = float(multiplicity(scores.learned, scores.target)) / scores.anchor
    return max(0.0, centre - half), centre + half


def _words(component: Component) -> str:
    share = share_words(component.value)
    return f"Runs that go separate ways account for {share} of the distance from the prior to a role-blind team."


MULTIPLICITY = GapComponent(name="multiplicity", score=score_multiplicity, words=_words)
