import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.intervals import bootstrap_t, student_t


def test_student_t_of_three_known_values():
    # Mean 2, standard error 1 / sqrt(3), quantile 4.3027.
    assert student_t(np.array([1.0, 2.0, 3.0])) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-5)


def test_two_runs_have_no_interval_over_runs():
    assert student_t(np.array([1.0, 2.0])) is None
    assert student_t(np.array([1.0, np.nan, 2.0])) is None


@given(values=st.lists(st.floats(-10, 10), min_size=3, max_size=8))
def test_the_order_of_runs_and_their_shift_only_move_the_interval(values: list[float]):
    low, high = student_t(np.array(values))
    assert low <= high
    assert student_t(np.array(values[::-1]) + 1) == pytest.approx((low + 1, high + 1), abs=1e-9)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [student_t(rng.normal(size=3)) for _ in range(1_000)]
    assert sum(low <= 0 <= high for low, high in found) == pytest.approx(950, abs=21)


def test_a_bootstrap_t_needs_eight_runs_and_shifts_with_them():
    values = np.array([0.1, 0.2, 0.15, 0.3, 0.12, 0.9, 0.2, 0.25])
    assert bootstrap_t(values[:7], np.random.default_rng(0)) is None
    low, high = bootstrap_t(values, np.random.default_rng(0))
    moved = bootstrap_t(2 * values + 1, np.random.default_rng(0))
    assert moved == pytest.approx((2 * low + 1, 2 * high + 1))
    # Skewed to the right: the mean of so few is more likely too small than too large.
    assert high - values.mean() > values.mean() - low
    assert bootstrap_t(np.full(8, 0.3), np.random.default_rng(0)) == (0.3, 0.3)


def test_a_bootstrap_t_holds_a_skewed_mean_where_student_t_misses_it_more_often():
    rng = np.random.default_rng(3)
    draws = rng.lognormal(0, 1, size=(400, 10))
    held = [low <= np.exp(0.5) <= high for low, high in (bootstrap_t(each, rng) for each in draws)]
    plain = [low <= np.exp(0.5) <= high for low, high in map(student_t, draws)]
    assert np.mean(held) >= max(0.87, np.mean(plain))
