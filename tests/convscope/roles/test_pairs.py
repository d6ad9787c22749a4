"""Energy distance between agents and its null."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.randomness import generator
from convscope.roles.energy import energy_distances, exchange_form, exchange_patterns
from convscope.roles.pairs import compare_pairs


def energy(x, y):
    def mean_distance(a, b):
        return np.mean([[np.linalg.norm(p - q) for q in b] for p in a])

    return 2 * mean_distance(x, y) - mean_distance(x, x) - mean_distance(y, y)


def test_two_points_each_by_hand():
    # E|X-Y| = (1 + 3 + 1 + 1) / 4, E|X-X'| = (0 + 2 + 2 + 0) / 4, E|Y-Y'| = 0: with x = 0, 2 and y = 1, 1 it is
    # 2 * 1 - 1 - 0.
    x, y = np.array([[0.0], [2.0]]), np.array([[1.0], [1.0]])
    assert energy_distances(exchange_form(x, y), np.ones((1, 2))) == pytest.approx([1.0])


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), n_episodes=st.integers(2, 7))
def test_the_quadratic_form_gives_the_energy_distance_of_every_exchange(seed, n_episodes):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n_episodes, 3))
    form = exchange_form(x, y)
    for signs in itertools.islice(itertools.product([1.0, -1.0], repeat=n_episodes), 16):
        kept = np.array(signs)[:, np.newaxis] > 0
        expected = energy(np.where(kept, x, y), np.where(kept, y, x))
        assert energy_distances(form, np.array([signs])) == pytest.approx([expected], abs=1e-9)


def test_few_episodes_have_all_their_patterns_once():
    patterns = exchange_patterns(6, 999, generator(0))
    assert patterns.shape == (32, 6)
    assert (patterns[0] == 1).all()
    distinct = {tuple(p * p[-1]) for p in patterns}
    assert len(distinct) == 32


def units(centres, n_episodes, rng):
    values = rng.normal(size=(n_episodes, len(centres), 4))
    values[:, :, 0] += centres
    members = np.arange(n_episodes * len(centres)).reshape(n_episodes, len(centres))
    return values.reshape(-1, 4), members


def test_agents_that_differ_are_told_apart_and_their_equals_are_not():
    standard, members = units([0, 0, 3], 40, generator(0, "pairs"))
    tests = compare_pairs(standard, np.eye(4), members, n_draws=499, rng=generator(1))
    assert tests.p_value[0, 1] > 0.05
    assert tests.p_value[0, 2] == tests.p_value[1, 2] == tests.attainable_p == 1 / 500
    assert tests.distance[0, 2] > 10 * tests.distance[0, 1]
    np.testing.assert_array_equal(tests.p_value, tests.p_value.T)


def test_exchangeable_agents_are_told_apart_in_no_more_than_five_percent():
    found = []
    for draw in range(120):
        rng = generator(draw, "exchangeable")
        standard, members = units([0, 0, 0, 0], 12, rng)
        found.append(compare_pairs(standard, np.eye(4), members, n_draws=199, rng=rng).p_value.min())
    # At 120 draws of a 5 % test more than 12 would be a 1 % event.
    assert np.sum(np.array(found) <= 0.05) <= 12


def test_effects_that_all_agents_of_an_episode_share_tell_nobody_apart():
    rng = generator(0, "shared")
    standard, members = units([0, 0, 0], 30, rng)
    shared = 5 * rng.normal(size=(30, 1, 4))
    standard = (standard.reshape(30, 3, 4) + shared).reshape(-1, 4)
    assert compare_pairs(standard, np.eye(4), members, n_draws=199, rng=rng).p_value.min() > 0.05


def test_a_feature_that_one_agent_never_has_does_not_tell_it_apart():
    standard, members = units([0, 0, 0], 30, generator(0, "null"))
    standard[members[:, 2], 1] = np.nan
    standard[members[:, :2].ravel(), 1] += 50
    tests = compare_pairs(standard, np.eye(4), members, n_draws=199, rng=generator(2))
    assert tests.p_value.min() > 0.05


def test_agents_without_six_common_episodes_are_not_compared():
    standard, members = units([0, 9], 10, generator(0))
    members[5:, 1] = -1
    tests = compare_pairs(standard, np.eye(4), members, n_draws=199, rng=generator(2))
    assert tests.p_value[0, 1] == 1
    assert np.isnan(tests.distance[0, 1])


def test_agents_that_do_the_very_same_are_not_told_apart():
    standard = np.repeat(np.arange(10.0), 2)[:, np.newaxis]
    members = np.arange(20).reshape(10, 2)
    assert compare_pairs(standard, np.eye(1), members, n_draws=99, rng=generator(0)).p_value[0, 1] == 1
