"""Matrices over pairs of agents go together when receivers draw on the same senders, beyond what else explains it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.quadratic_assignment import quadratic_assignment, receiver_ranks


def assigned(first, second, *, controls=(), n_permutations=199, seed=0):
    first, second, *controls = (np.asarray(matrix, dtype=float) for matrix in (first, second, *controls))
    shape = (-1, *first.shape[-2:])
    return quadratic_assignment(
        first.reshape(shape),
        second.reshape(shape),
        controls=[control.reshape(shape) for control in controls],
        n_permutations=n_permutations,
        rng=np.random.default_rng(seed),
    )


def test_a_hand_computed_correlation():
    # Centred: rows of the first are (-1, 1), of the second (-1, 1), (-1, 1), (1, -1): (1 + 1 - 1) / 3.
    first = [[0, 0, 2], [0, 9, 2], [0, 2, 5]]
    second = [[7, 1, 3], [1, 0, 3], [3, 1, 0]]
    assert assigned(first, second).correlation == pytest.approx(1 / 3)


def test_equal_matrices_agree_as_well_as_four_agents_allow():
    matrix = np.random.default_rng(0).random((4, 4))
    found = assigned(matrix, 2 * matrix + 1)
    assert found.correlation == pytest.approx(1)
    assert found.p_value == pytest.approx(1 / 24)


def test_two_runs_of_three_agents_are_permuted_on_their_own():
    matrices = np.random.default_rng(0).random((2, 3, 3))
    assert assigned(matrices, matrices).p_value == pytest.approx(1 / 36)


def test_neither_the_diagonal_nor_a_receivers_level_nor_a_runs_scale_counts():
    rng = np.random.default_rng(0)
    matrices = rng.random((2, 4, 4))
    other = matrices * np.array([1.0, 50.0])[:, None, None] + 100 * np.eye(4) + rng.random((2, 4, 1))
    assert assigned(matrices, other).correlation == pytest.approx(1)


def test_nothing_is_said_of_even_or_tiny_matrices():
    matrix = np.random.default_rng(0).random((4, 4))
    assert assigned(matrix, np.full((4, 4), 0.1)).correlation is None
    assert assigned(np.ones((2, 2)), np.ones((2, 2))).p_value is None


def test_what_the_controls_explain_is_nobodys_agreement():
    rng = np.random.default_rng(0)
    near = rng.random((6, 6))
    own = near + 0.3 * rng.random((6, 6))
    assert assigned(own, near, controls=[near]).correlation is None
    assert abs(assigned(own, own + near, controls=[near]).correlation) == pytest.approx(1)


@given(st.integers(0, 2**31), st.permutations(range(5)))
def test_renaming_agents_changes_nothing(seed, order):
    first, second, control = np.random.default_rng(seed).random((3, 4, 4))
    renamed = np.ix_([agent for agent in order if agent < 4], [agent for agent in order if agent < 4])
    before = assigned(first, second, controls=[control])
    after = assigned(first[renamed], second[renamed], controls=[control[renamed]])
    assert after.correlation == pytest.approx(before.correlation)
    assert after.p_value == pytest.approx(before.p_value)


def test_p_is_uniform_for_unrelated_matrices_even_where_some_senders_are_loud_in_both():
    rng = np.random.default_rng(1)
    loud = rng.random((300, 2, 1, 5))
    p = np.array([assigned(a + rng.random((5, 5)), b + rng.random((5, 5))).p_value for a, b in loud])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.035)


def test_two_matrices_that_both_follow_distance_agree_but_not_beyond_it():
    rng = np.random.default_rng(2)
    raw, partial = [], []
    for _ in range(200):
        place = rng.random((2, 6, 2))
        near = -np.linalg.norm(place[:, :, None] - place[:, None], axis=-1)
        first, second = (near + rng.normal(0, 0.2, near.shape) for _ in range(2))
        raw.append(assigned(first, second).p_value)
        partial.append(assigned(first, second, controls=[near]).p_value)
    assert np.mean(np.array(raw) <= 0.05) > 0.9
    assert np.mean(np.array(partial) <= 0.05) == pytest.approx(0.05, abs=0.04)


def test_ranks_are_within_receivers_with_ties_in_the_middle():
    ranks = receiver_ranks(np.array([[9.0, 3.0, 5.0, 5.0], [np.nan, 9.0, 2.0, 1.0], [1.0] * 4, [0.0, 1.0, 2.0, 9.0]]))
    assert ranks[0, 1:].tolist() == [0, 1.5, 1.5]
    assert ranks[1, 2:].tolist() == [1, 0]
    assert np.isnan(ranks[1, 0])
    assert ranks[2, [0, 1, 3]].tolist() == [1, 1, 1]
    assert np.isnan(np.diagonal(ranks)).all()
