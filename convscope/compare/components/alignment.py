"""Alignment: how far the learned role preference is from the declared one."""

import numpy as np

from convscope.compare.comparison import Comparison, RoutingTests
from convscope.compare.components.component import GapComponent, share_words, unscored
from convscope.compare.components.direction import direction, strength_interval
from convscope.compare.scores import Scores, gap_of
from convscope.randomness import generator
from convscope.routing.divergence import mean_divergence
from convscope.routing.intervals import BOOTSTRAP_OVER_RUNS, bootstrap_t, interval_of
from convscope.values.arrays import FloatArray
from convscope.values.gap import Component

Parts = tuple[tuple[str, float], ...]


def score_alignment(comparison: Comparison, name: str) -> Component:
    """Mean over runs of ``g = sqrt(max(0, T - f) / T_U)`` (docs/gap.md).

    0 = as declared, 1 = as far from it as a role-blind team, more = against it. Its p tests T, under relabelling of the
    agents within each run; to be read only where specificity is rejected, whose p is among the parts. From eight runs
    on the interval allows for skewness. With fewer than three it resamples whole episodes; such a draw bears its own
    noise besides that of the log, so twice the floor is taken off.
    """
    tests = comparison.routing
    if tests is None or tests.alignment is None:
        parts = () if tests is None else (*_specificity(tests), *_orders(tests))
        return unscored(name, comparison.why_no_routing, parts=parts)
    scores = tests.scores
    gap = scores.gap
    interval, kind = interval_of(gap, None if tests.resampled is None else _resampled_gap(tests.resampled, scores))
    skewed = bootstrap_t(gap, generator(comparison.config.seed, "gap", "alignment interval"))
    if skewed is not None:
        interval, kind = skewed, BOOTSTRAP_OVER_RUNS
    return Component(
        name=name,
        value=float(gap.mean()),
        # Student-t knows no lower end; g has one.
        interval=None if interval is None else (max(0.0, interval[0]), max(0.0, interval[1])),
        interval_kind=kind,
        null=tests.alignment.null,
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
        per_run=tuple(zip(scores.runs, gap.tolist(), strict=True)),
        note=direction(strength_interval(tests)[0]).value,
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


def _words(component: Component) -> str:
    """Say how far, and on which side where that is known: sharper routing is far from the declared one, too."""
    side = f": {component.note}" if component.note else ""
    if component.interval is not None and component.interval[0] > 1:
        return f"Routing is further from the declared one than a role-blind team would be{side}."
    if component.value is not None and component.value > 1:
        return f"Routing is as far from the declared one as a role-blind team, or further{side}."
    return f"Routing is {share_words(component.value)} as far from the declared one as a role-blind team is{side}."


ALIGNMENT = GapComponent(name="alignment", score=score_alignment, words=_words)
