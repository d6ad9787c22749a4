"""Ties count, whatever the last digits; what nobody knows eases no claim; p is never 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.values.chance import at_least, p_of_draws

FIGURES = st.floats(-1e6, 1e6)


def test_three_of_nine_draws_and_what_was_observed_make_four_tenths():
    assert p_of_draws(2.0, np.array([0, 1, 1, 1, 1, 1, 2, 3, 4.0])) == 0.4


def test_what_no_draw_reaches_has_the_smallest_p_that_so_many_can_give():
    assert p_of_draws(1.0, np.zeros(19)) == 0.05


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
def test_sums_in_another_order_are_equal(size):
    draws = np.full(9, (0.1 + 0.2 + 0.3) * size)
    assert p_of_draws((0.3 + 0.2 + 0.1) * size, draws) == 1.0


def test_a_draw_that_is_not_defined_counts():
    assert at_least(1.0, np.array([np.nan, 0.0, 2.0])).tolist() == [True, False, True]


@given(FIGURES, st.lists(FIGURES, min_size=1, max_size=30))
def test_p_is_a_share_above_zero_and_falls_as_the_statistic_rises(observed, drawn):
    null = np.array(drawn)
    assert 1 / (1 + len(null)) <= p_of_draws(observed + 1.0, null) <= p_of_draws(observed, null) <= 1
