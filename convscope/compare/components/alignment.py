"""Alignment: how far the learned role preference is from the declared one."""

import numpy as np

from convscope.compare.comparison import Comparison, RoutingTests
from convscope.compare.components.component import GapComponent, unscored
from convscope.compare.divergence import mean_divergence
from convscope.compare.scores import Scores, gap_of
from convscope.routing.intervals import interval_of
from convscope.values.arrays import FloatArray
from convscope.values.gap import Component

Parts = tuple[tuple[str, float], ...]


def score_alignment(comparison: Comparison, name: str) -> Component:
    """Mean over runs of ``g = sqrt(max(0, T - f) / T_U)`` (docs/gap.md).

    0 = as declared, 1 = as far from it as a role-blind team, more = against it. Its p tests T, under relabelling of the
    agents within each run; to be read only where specificity is rejected, whose p is among the parts. With fewer than
    three runs the interval resamples whole episodes; such a draw bears its own noise besides that of the log, so twice
    the floor is taken off.
    """
    tests = comparison.routing
    if tests is None or tests.alignment is None:
        parts = () if tests is None else (*_specificity(tests), *_orders(tests))
        return unscored(name, comparison.why_no_routing, parts=parts)
    scores = tests.scores
    gap = scores.gap
    interval, kind = interval_of(gap, None if tests.resampled is None else _resampled_gap(tests.resampled, scores))
    return Component(
        name=name,
        value=float(gap.mean()),
        # Student-t knows no lower end; g has one.
        interval=None if interval is None else (max(0.0, interval[0]), max(0.0, interval[1])),
        interval_kind=kind,
        p_value=tests.alignment.p_value,
        attainable_p=tests.alignment.attainable_p,
        scorable=True,
        parts=(
            ("T, bit", float(scores.distance.mean())),
            ("T of a role-blind team, bit", scores.anchor),
            ("noise floor, bit", float(scores.run_floor.mean())),
            *_specificity(tests),
            *_orders(tests),
        ),
    )


def _resampled_gap(resampled: FloatArray, scores: Scores) -> FloatArray:
    distance = mean_divergence(resampled, scores.target)
    return np.asarray(gap_of(distance, 2 * scores.run_floor, scores.anchor).mean(axis=1))


def _specificity(tests: RoutingTests) -> Parts:
    found = tests.specificity
    return (
        ("specificity p", found.p_value),
        ("specificity attainable p", found.attainable_p),
        ("specificity attainable p, should P share the symmetries of the prior", found.as_declared_p),
        ("specificity p, mean over runs", found.average.p_value),
        ("specificity attainable p, mean over runs", found.average.attainable_p),
        ("specificity p, run-wise", found.run_wise.p_value),
        ("specificity attainable p, run-wise", found.run_wise.attainable_p),
    )


def _orders(tests: RoutingTests) -> Parts:
    orders = ((tests.order, "order statements", "order"), (tests.edges, "required and forbidden edges", "edges"))
    return tuple(
        part
        for found, what, name in orders
        if found is not None
        for part in ((f"share of {what} that hold", found.share), (f"{name} p", found.p_value))
    )


ALIGNMENT = GapComponent(name="alignment", score=score_alignment)
