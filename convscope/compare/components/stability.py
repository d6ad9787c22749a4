"""Stability: whether the preference stays the same over formations, team sizes and checkpoints."""

import numpy as np

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, share_words, unscored
from convscope.routing.intervals import OVER_RUNS, student_t
from convscope.values.dependence import Dependence, Shift
from convscope.values.gap import Component, NullRange


def score_stability(comparison: Comparison, name: str) -> Component:
    """Return the largest of formation, scaling and checkpoint drift, scaled by T_U (docs/gap.md).

    Each is the divergence between the two conditions that differ most, minus its split-half floor, mean over runs.
    Interval, null, values by run and p are those of this largest pair; for having been picked, its p (and the
    attainable one) is multiplied by the number of pairs in all parts.
    """
    tests = comparison.routing
    if tests is None or not tests.scores.is_scorable:
        return unscored(name, comparison.why_no_routing)
    shifts = _shifts(comparison.dependence)
    if not shifts:
        return unscored(name, "the log shows neither two formations, nor two team sizes, nor two checkpoints of a run")
    anchor = tests.scores.anchor
    largest_name, largest = max(shifts.items(), key=lambda item: item[1].largest.value)
    pair = largest.largest
    per_run = tuple((run.run, run.value / anchor) for run in pair.runs)
    interval = student_t(np.array([value for _, value in per_run]))
    n_pairs = sum(len(shift.pairs) for shift in shifts.values())
    return Component(
        name=name,
        value=max(0.0, pair.value / anchor),
        interval=None if interval is None else (max(0.0, interval[0]), max(0.0, interval[1])),
        interval_kind=None if interval is None else OVER_RUNS,
        null=None if pair.null is None else _null(pair.null, anchor),
        p_value=None if pair.p_value is None else min(1.0, n_pairs * pair.p_value),
        attainable_p=None if pair.attainable_p is None else min(1.0, n_pairs * pair.attainable_p),
        scorable=True,
        parts=tuple(
            (f"{part} drift, {shift.largest.first} to {shift.largest.second}", shift.largest.value / anchor)
            for part, shift in shifts.items()
        ),
        per_run=per_run,
        note=f"most of it is {largest_name} drift, from {pair.first} to {pair.second}",
    )


def _null(null: tuple[float, float], anchor: float) -> NullRange:
    """Return mean and 95 % point of exchanged episodes, on a scale that begins at 0."""
    mean, high = (max(0.0, each / anchor) for each in null)
    return NullRange(mean=mean, low=0.0, high=high)


def _shifts(dependence: Dependence) -> dict[str, Shift]:
    formation = dependence.formation
    found = {
        "formation": formation.shift if formation else None,
        "scaling": dependence.scaling,
        "checkpoint": dependence.drift,
    }
    return {name: shift for name, shift in found.items() if shift is not None}


def _words(component: Component) -> str:
    return f"The preference moves by {share_words(component.value)} of the way to a role-blind team; {component.note}."


STABILITY = GapComponent(name="stability", score=score_stability, words=_words)
