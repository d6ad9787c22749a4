"""The bound of sums under flips of signs is never too small, and is what a Gaussian vector says up to its constant."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.predictive.screening.symmetry import symmetry_p_value, symmetry_statistic


def figures_of(scores):
    statistic, dimension = symmetry_statistic(scores.sum(axis=0)[None], (scores.T @ scores)[None])
    return float(statistic[0]), float(dimension[0])


def test_by_hand():
    # Four episodes of score 1: a sum of 4, squares of 4; 4.4634 times the two-sided tail of 2 standard errors, .0455.
    statistic, dimension = figures_of(np.ones((4, 1)))
    assert (statistic, dimension) == (pytest.approx(4), 1)
    assert symmetry_p_value(np.array([4.0]), np.array([1.0]))[0] == pytest.approx(0.2031, abs=1e-4)


def test_scores_of_a_plane_have_two_dimensions_whatever_their_scale():
    scores = np.random.default_rng(0).normal(size=(50, 2)) @ np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    statistic, dimension = figures_of(scores)
    assert dimension == 2
    assert figures_of(1000 * scores) == (pytest.approx(statistic), 2)


def test_where_no_episode_says_anything_there_is_no_p():
    assert figures_of(np.zeros((5, 2))) == (0.0, 0.0)
    assert np.isnan(symmetry_p_value(np.zeros(1), np.zeros(1)))[0]


@given(st.integers(0, 1000), st.integers(1, 3), st.integers(3, 9))
def test_no_flip_of_all_signs_is_less_likely_than_the_bound_says(seed, n_dimensions, n_episodes):
    scores = np.random.default_rng(seed).standard_t(2, size=(n_episodes, n_dimensions))
    statistic, dimension = figures_of(scores)
    signs = np.array(list(product((1, -1), repeat=n_episodes)))
    inverse = np.linalg.pinv(scores.T @ scores, rcond=1e-9, hermitian=True)
    every = np.einsum("fd,de,fe->f", signs @ scores, inverse, signs @ scores)
    exact = np.mean(every >= statistic - 1e-9)
    assert symmetry_p_value(np.array([statistic]), np.array([dimension]))[0] >= exact
