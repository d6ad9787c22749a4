"""Distances between members, by hand."""

import numpy as np
import pytest

from convscope.roles.diversity.figures import distances
from convscope.roles.diversity.measures import (
    N_PARTS,
    action_measures,
    continuous_measures,
    contribution_measure,
    trajectory_measure,
)

ONE = np.ones(1)


def between(measure, *totals):
    return distances(measure, np.array([totals], dtype=float), ONE)[0, 1]


def counts(*parts):
    return [n for part in parts for n in part]


def test_total_variation_of_action_shares():
    neural = action_measures((3,))[0]
    first, second = counts([4, 0, 0], [4, 2, 0], [0, 0, 0], [0, 0, 0]), counts([0, 0, 5], [0, 5, 0], [0] * 3, [0] * 3)
    # Shares .8 .2 0 and 0 .5 .5.
    assert between(neural, first, second) == pytest.approx(0.8)


def test_components_of_actions_are_averaged():
    neural = action_measures((2, 2))[0]
    first = counts([2, 0, 2, 0], *[[0] * 4] * (N_PARTS - 1))
    second = counts([2, 0, 0, 2], *[[0] * 4] * (N_PARTS - 1))
    assert between(neural, first, second) == pytest.approx(0.5)


def test_divergence_in_parts_of_the_episode_that_both_reach():
    role = action_measures((2,))[2]
    first, second = counts([3, 0], [9, 9], [1, 1], [0, 0]), counts([0, 3], [9, 9], [0, 0], [0, 0])
    # Smoothed 3.5 : 0.5 against 0.5 : 3.5, twice (7/8 - 1/8) log 7 in nats; 0 in the second part; the mean of two.
    assert between(role, first, second) == pytest.approx(2 * 0.75 * np.log(7) / 2)


def test_who_changes_places_within_the_episode_differs_in_parts_alone():
    neural, _, role = action_measures((2,))
    first, second = counts([5, 0], [5, 0], [0, 5], [0, 5]), counts([0, 5], [0, 5], [5, 0], [5, 0])
    assert between(neural, first, second) == 0
    assert between(role, first, second) > 1


def test_distance_of_normal_distributions_in_standard_deviations_of_all():
    # Actions -1, 1 and 3, 5: means 0 and 4, spread 1 each; together mean 2, spread sqrt 5.
    totals = [2, 0, 2], [2, 8, 34]
    assert between(continuous_measures()[0], *totals) == pytest.approx(4 / np.sqrt(5))
    # Equal means, spreads 1 and 3; together spread sqrt 5.
    assert between(continuous_measures()[0], [2, 0, 2], [2, 0, 18]) == pytest.approx(2 / np.sqrt(5))


def test_places_that_are_not_shared():
    assert between(trajectory_measure(), [2, 2, 0, 0], [0, 1, 1, 2]) == pytest.approx(0.75)


def test_shares_of_the_reward():
    assert between(contribution_measure(), [6], [2]) == pytest.approx(0.5)


def test_conditions_are_compared_apart_and_averaged_by_their_episodes():
    totals = np.array([[[4, 0], [0, 4]], [[2, 2], [2, 2]]], dtype=float)
    found = distances(trajectory_measure(), totals, np.array([1.0, 3.0]))
    assert found[0, 1] == pytest.approx(0.25)
