"""Summaries of vectors do not depend on which column is which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.features.decisions import decisions_of
from convscope.features.series import effective_dimensions, mean_size, relative_change
from convscope.values.log import Block


def decisions(n_rows, n_agents=1):
    block = Block(
        episodes=np.array([0]),
        offsets=np.array([0, n_rows]),
        status=np.ones((n_rows, n_agents), dtype=np.uint8),
        columns={},
    )
    return decisions_of(block)


def test_a_line_has_one_dimension_and_a_cross_has_two():
    line = np.outer([0.0, 1, 2, 5], [3.0, 4.0])
    cross = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    assert effective_dimensions(line, decisions(4)) == pytest.approx([1])
    assert effective_dimensions(cross, decisions(4)) == pytest.approx([2])


def test_change_of_an_alternating_series_is_twice_and_of_a_slow_one_small():
    # Steps of +-2 squared are 4, variance 1: 4 / 2 = 2. A ramp 0..4: steps 1, variance 2: 1 / 4.
    alternating = np.array([1.0, -1, 1, -1])[:, np.newaxis]
    ramp = np.arange(5.0)[:, np.newaxis]
    assert relative_change(alternating, decisions(4)) == pytest.approx([2])
    assert relative_change(ramp, decisions(5)) == pytest.approx([0.25])


def test_without_change_nothing_is_defined():
    still = np.full((4, 3), 7.0)
    assert np.isnan(relative_change(still, decisions(4))).all()
    assert np.isnan(effective_dimensions(still, decisions(4))).all()
    assert mean_size(still, decisions(4)) == pytest.approx([7])


@given(seed=st.integers(0, 99), width=st.integers(1, 6))
def test_the_order_of_columns_and_a_constant_column_change_nothing(seed, width):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(9, width))
    mixed = np.column_stack([vectors[:, rng.permutation(width)], np.full(9, float(seed))])
    for summary in (relative_change, effective_dimensions):
        np.testing.assert_allclose(summary(vectors, decisions(9)), summary(mixed, decisions(9)), rtol=1e-6)


def test_noise_changes_by_its_spread():
    noise = np.random.default_rng(0).normal(size=(4000, 5))
    assert relative_change(noise, decisions(4000)) == pytest.approx([1], abs=0.05)
    assert effective_dimensions(noise, decisions(4000)) == pytest.approx([5], abs=0.05)
