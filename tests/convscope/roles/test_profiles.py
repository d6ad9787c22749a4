"""Profiles: effects by hand, words, exemplars."""

import numpy as np
import pytest

from convscope.roles.profiles import role_effects


def test_effect_is_the_difference_of_means_in_pooled_deviations():
    # Means 1 and 4, each with variance 1 (sum of squares 2 of 3 values): (1 - 4) / 1.
    values = np.array([[0.0], [1], [2], [3], [4], [5]])
    is_mine = np.array([True, True, True, False, False, False])
    assert role_effects(values, is_mine, ~is_mine) == pytest.approx([-3])
    assert role_effects(values, ~is_mine, is_mine) == pytest.approx([3])


def test_effects_without_spread_are_cut_and_without_values_none():
    values = np.array([[0.0, np.nan, 5], [0, np.nan, 5], [1, 2, 5], [1, 3, 5]])
    is_mine = np.array([True, True, False, False])
    assert role_effects(values, is_mine, ~is_mine) == pytest.approx([-10, 0, 0])


def test_effects_of_equal_sets_are_near_zero():
    values = np.random.default_rng(0).normal(size=(4000, 5))
    is_mine = np.arange(4000) % 2 == 0
    assert np.abs(role_effects(values, is_mine, ~is_mine)).max() < 0.1
