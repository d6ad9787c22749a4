"""The strength of an effect, its variance, and what may be found, from scores of units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.flips import UnitScores, quadratic_flips
from convscope.routing.predictive.sizes import Scale, level_in_use, smallest_detectable, weight_errors
from convscope.routing.predictive.strength import strengths


def one_test(scores):
    return UnitScores(scores=scores, starts=np.array([0, scores.shape[1]]), freedom=np.ones(1))


def test_a_strength_by_hand():
    # Sums (3, 1): squared length 10, less 1 + 4 + 1 of the units alone.
    found = strengths(one_test(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])))
    assert found.value == pytest.approx([10 - 6])
    # Units add 2 s u: 6, 12 and 2, less their mean.
    assert found.by_unit[:, 0] == pytest.approx([6 - 20 / 3, 12 - 20 / 3, 2 - 20 / 3])


def test_a_test_without_columns_has_no_strength():
    found = strengths(UnitScores(scores=np.ones((3, 1)), starts=np.array([0, 0, 1]), freedom=np.ones(2)))
    assert found.value == pytest.approx([0.0, 6.0])
    assert found.variance[0] == 0.0


def test_the_spread_is_that_of_all_flips():
    scores = np.random.default_rng(0).normal(size=(10, 3))
    centred = scores - scores.mean(axis=0)
    signs = np.where((np.arange(1 << 10)[:, None] >> np.arange(10)) & 1, -1.0, 1.0)
    lengths = np.square(signs @ centred).sum(axis=1)
    found = strengths(one_test(scores))
    assert found.chance == pytest.approx([lengths.mean()])
    assert 2 * found.spread == pytest.approx([lengths.var()])


@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_scores_scale_strengths_by_their_square(seed, factor):
    scores = np.random.default_rng(seed).normal(size=(6, 2))
    first, second = strengths(one_test(scores)), strengths(one_test(factor * scores))
    assert second.value == pytest.approx(factor**2 * first.value)
    assert second.variance == pytest.approx(factor**4 * first.variance)


@pytest.mark.parametrize(("shift", "most"), [(0.0, 1.0), (0.05, 1.0), (0.4, 0.985)])
def test_the_interval_covers_and_is_too_wide_only_near_nothing(shift, most):
    rng = np.random.default_rng(1)
    n_units, truth, n_covered = 100, (100 * shift) ** 2 * 3, 0
    for _ in range(300):
        found = [strengths(one_test(rng.normal(shift, 1.0, size=(n_units, 3))))]
        error = weight_errors(found, Scale(bits=np.ones((1, 1)), freedom=np.ones(1)))
        n_covered += abs(found[0].value[0] - truth) <= error[0]
    assert 0.92 <= n_covered / 300 <= most


def test_the_smallest_detectable_effect_is_found_four_times_in_five():
    rng = np.random.default_rng(2)
    scale = Scale(bits=np.ones((1, 1)), freedom=np.ones(1))
    noise = rng.normal(size=(100, 4))
    needed = float(smallest_detectable([strengths(one_test(noise))], scale, level=0.05, margin=None)[0])
    shift = np.sqrt(needed / 4) / 100
    found = [
        quadratic_flips([one_test(rng.normal(shift, 1.0, size=(100, 4)))], n_flips=199, rng=rng)[0] <= 0.05
        for _ in range(300)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_the_level_in_use_is_that_of_the_false_discovery_rate():
    p_values = np.array([0.001, 0.002, 0.5, 0.6, np.nan])
    # Two of four are found: the last that would be is q 2 / 4.
    assert level_in_use(p_values, 0.05) == pytest.approx(0.025)
    assert level_in_use(np.array([0.5, 0.6]), 0.05) == pytest.approx(0.025)
