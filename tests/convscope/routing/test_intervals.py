import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.intervals import student_t


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
