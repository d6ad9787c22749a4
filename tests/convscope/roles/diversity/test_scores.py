"""One number from distances, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.roles.diversity.scores import mean_distance, social_entropy


def apart(groups, distance):
    """Distances of a team of which members of different groups are ``distance`` apart."""
    label = np.repeat(np.arange(len(groups)), groups)
    return np.where(label[:, np.newaxis] == label, 0.0, distance)


def test_three_and_one_at_distance_two_have_a_social_entropy_of_twice_the_entropy_of_the_division():
    assert social_entropy(apart((3, 1), 2.0)) == pytest.approx(1.6226, abs=5e-5)


def test_two_and_two_at_distance_one_have_a_mean_distance_of_two_thirds():
    assert mean_distance(apart((2, 2), 1.0)) == pytest.approx(0.6667, abs=5e-5)


def test_a_team_of_one_kind_has_none():
    assert social_entropy(np.zeros((4, 4))) == 0
    assert mean_distance(np.zeros((4, 4))) == 0


def test_two_levels_add_up():
    # {a, b} at 1, c at 3 from both: log2 3 up to 1, the entropy of two and one up to 3.
    distances = np.array([[0, 1, 3], [1, 0, 3], [3, 3, 0]], dtype=float)
    two_and_one = np.log2(3) - 2 / 3
    assert social_entropy(distances) == pytest.approx(np.log2(3) + 2 * two_and_one)


def test_unknown_distances_are_left_out_of_the_mean_and_spoil_the_entropy():
    distances = np.array([[0, np.nan, 2], [np.nan, 0, 4], [2, 4, 0]], dtype=float)
    assert mean_distance(distances) == 3
    assert np.isnan(social_entropy(distances))


@given(seed=st.integers(0, 999), n=st.integers(2, 7), scale=st.floats(0.01, 100))
def test_both_grow_with_the_unit_and_do_not_depend_on_the_order(seed, n, scale):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, 2))
    distances = np.sqrt(((points[:, np.newaxis] - points) ** 2).sum(axis=2))
    order = rng.permutation(n)
    for score in (mean_distance, social_entropy):
        assert score(scale * distances) == pytest.approx(scale * score(distances))
        assert score(distances[np.ix_(order, order)]) == pytest.approx(score(distances))
        assert 0 <= score(distances) <= np.log2(n) * distances.max()
