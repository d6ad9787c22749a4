"""The composite: a weighted mean per run, then over runs; withheld when a part is missing."""

import pytest

from convscope.compare.composite import composite
from convscope.values.gap import Component
from convscope.values.prior import CompositeWeights

RUNS = ("a", "b", "c")


def part(name: str, *values: float, runs=RUNS) -> Component:
    return Component(name=name, value=values[0], per_run=tuple(zip(runs, values, strict=True)))


PARTS = (part("alignment", 0.2, 0.4, 1.7), part("recovery", 0.0, 0.4, 0.2), part("stability", -0.1, 0.2, 0.6))


def test_it_is_the_mean_over_runs_of_weighted_parts_cut_to_one():
    found, _ = composite(PARTS, CompositeWeights())
    # .5 * .2 + .25 * 0 + .25 * 0; .5 * .4 + .25 * .4 + .25 * .2; .5 * 1 + .25 * .2 + .25 * .6
    assert [value for _, value in found.per_run] == pytest.approx([0.1, 0.35, 0.7])
    assert found.value == pytest.approx(1.15 / 3)
    # Standard deviation .3014, t of 2 degrees of freedom 4.303: half width .7487, cut to 0..1.
    assert found.interval == (0.0, 1.0)


def test_declared_weights_are_scaled_to_one():
    found, _ = composite(PARTS, CompositeWeights(alignment=3, recovery=1, instability=0))
    assert [value for _, value in found.per_run] == pytest.approx([0.15, 0.4, 0.8])
    assert dict(found.parts) == {"weight of alignment": 0.75, "weight of recovery": 0.25, "weight of instability": 0.0}


def test_a_missing_part_withholds_it_and_never_re_weights():
    missing = (*PARTS[:2], Component(name="stability", value=None, why="one checkpoint only"))
    assert composite(missing, CompositeWeights()) == (None, "stability cannot be scored (one checkpoint only)")
    found, _ = composite(missing, CompositeWeights(alignment=1, recovery=1, instability=0))
    assert found.value == pytest.approx((0.1 + 0.4 + 0.6) / 3)


def test_a_part_that_lacks_a_run_withholds_it():
    short = (*PARTS[:2], part("stability", 0.1, 0.2, runs=RUNS[:2]))
    assert composite(short, CompositeWeights()) == (None, "stability has no value in run c")
