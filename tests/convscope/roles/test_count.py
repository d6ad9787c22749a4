"""The number of roles among units, one included."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.roles.count import count_roles
from convscope.roles.methods import METHODS
from convscope.roles.separation import widest_p
from convscope.roles.strength import prediction_strength

K_MEANS = METHODS[0]


def number(values, seed=0, **options):
    episode = np.arange(len(values)) // 2
    rng = generator(seed, "count")
    return count_roles(values, episode, method=K_MEANS, alpha=0.05, rng=rng, **options)[0]


ONE_ROLE = {
    "gaussian": lambda rng: rng.normal(size=(160, 6)),
    "heavy tails": lambda rng: rng.standard_t(3, size=(160, 6)),
    "skewed": lambda rng: np.exp(0.7 * rng.normal(size=(160, 6))),
    "continuum": lambda rng: np.outer(rng.uniform(-4, 4, 160), np.ones(6)) + rng.normal(size=(160, 6)),
}


@pytest.mark.parametrize("kind", ONE_ROLE)
def test_structureless_units_have_one_role(kind):
    found = [number(ONE_ROLE[kind](generator(draw, kind)), draw) for draw in range(20)]
    assert found.count(1) >= 19


@pytest.mark.parametrize("k", [2, 3, 5])
def test_planted_roles_are_counted(k):
    rng = generator(k, "planted")
    centres = 6 * np.eye(6)[:k]
    assert number(centres[rng.integers(k, size=240)] + rng.normal(size=(240, 6))) == k


def test_candidates_without_a_valley_are_not_resampled():
    values = generator(0).normal(size=(100, 3))
    _, candidates = count_roles(values, np.arange(100), method=K_MEANS, alpha=0.05, rng=generator(1))
    assert [candidate.k for candidate in candidates] == list(range(2, 9))
    assert all(candidate.strength is None for candidate in candidates)


def test_agents_that_were_told_apart_hold_roles_between_which_there_is_no_valley():
    # Two normals 2.4 deviations apart hardly have a valley: single units overlap, agents do not.
    rng = generator(0, "held")
    held = np.repeat([0, 1], 100)
    values = 2.4 * held[:, np.newaxis] + rng.normal(size=(200, 1))
    assert number(values) == 1
    assert number(values, class_of_unit=held) == 2
    assert number(values, class_of_unit=np.tile([0, 1], 100)) == 1


def test_duplicated_units_cannot_have_more_roles_than_values():
    assert number(np.repeat([[0.0], [1.0]], 30, axis=0)) == 2
    assert number(np.zeros((30, 2))) == 1


def test_prediction_strength_of_clear_groups_is_one_and_of_too_few_units_zero():
    values = np.repeat([[0.0], [10.0]], 20, axis=0) + np.linspace(0, 1, 40)[:, np.newaxis]
    is_first = np.arange(40) % 2 == 0
    assert prediction_strength(values, is_first, 2, method=K_MEANS, seed=0) == 1.0
    assert prediction_strength(values[:6], is_first[:6], 2, method=K_MEANS, seed=0) == 0.0


def test_groups_without_units_are_not_set_apart():
    partition = K_MEANS.fit(np.arange(8.0)[:, np.newaxis], 2, seed=0)
    assert widest_p(np.zeros((8, 1)), partition) == 1.0


def test_a_role_of_one_unit_in_twenty_is_counted_and_a_heavy_tail_is_not():
    rng = generator(0, "small")
    role = np.repeat([0, 1], [228, 12])
    assert number(6 * np.eye(8)[role] + rng.normal(size=(240, 8))) == 2
    # Eighteen units with three times the spread of the others lie far out, but not by themselves.
    spread = np.repeat([1.0, 3.0], [222, 18])[:, np.newaxis]
    assert number(spread * rng.normal(size=(240, 8))) == 1
