"""Two sources of routing agree when they order the same pairs of agents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.agreement import source_agreement
from convscope.values.config import RoutingSource


def agreement(first, second, *, n_permutations=199, seed=0):
    rng = np.random.default_rng(seed)
    return source_agreement(
        first, second, source=RoutingSource.TRANSFER_ENTROPY, n_permutations=n_permutations, rng=rng
    )


def test_equal_matrices_agree_as_well_as_four_agents_allow():
    matrix = np.random.default_rng(0).random((4, 4))
    found = agreement(matrix, 2 * matrix + 1)
    assert found.correlation == pytest.approx(1)
    assert found.p_value == pytest.approx(1 / 24)


def test_the_diagonal_does_not_count():
    matrix = np.random.default_rng(0).random((4, 4))
    assert agreement(matrix, matrix + 100 * np.eye(4)).correlation == pytest.approx(1)


def test_nothing_is_said_of_constant_or_tiny_matrices():
    matrix = np.random.default_rng(0).random((4, 4))
    assert agreement(matrix, np.full((4, 4), 0.1)).correlation is None
    assert agreement(np.ones((2, 2)), np.ones((2, 2))).p_value is None


def test_missing_pairs_are_left_out():
    matrix = np.random.default_rng(0).random((5, 5))
    holes = matrix.copy()
    holes[0, 1] = np.nan
    assert agreement(matrix, holes).correlation == pytest.approx(1)


@given(st.integers(0, 2**31), st.permutations(range(5)))
def test_renaming_agents_changes_nothing(seed, order):
    first, second = np.random.default_rng(seed).random((2, 5, 5))
    renamed = np.ix_(order, order)
    before, after = agreement(first, second), agreement(first[renamed], second[renamed])
    assert after.correlation == pytest.approx(before.correlation)
    assert after.p_value == pytest.approx(before.p_value)


def test_p_is_uniform_for_unrelated_sources_even_where_some_senders_are_loud_in_both():
    rng = np.random.default_rng(1)
    loud = rng.random((300, 2, 1, 5))
    p = np.array([agreement(a + rng.random((5, 5)), b + rng.random((5, 5))).p_value for a, b in loud])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.035)
