"""Profiles: effects by hand, words, exemplars."""

import numpy as np
import polars as pl
import pytest

from convscope.roles.assignment import UnitRoles
from convscope.roles.profiles import role_effects, role_profiles
from convscope.roles.units import prepare_units
from convscope.values.features import UNIT_TYPES, Feature, FeatureTable


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


def test_borderline_units_are_the_least_sure_with_the_nearest_other_role():
    # Centres at 0, 10 and 30 or so; the unit at 4 is on its way from role 0 to role 1.
    values = np.array([0.0, 1, 4, 9, 10, 11, 29, 30, 31])
    columns = {name: [None] * 9 for name in UNIT_TYPES} | {"run": ["r"] * 9, "episode": [*range(9)], "agent": ["a"] * 9}
    frame = pl.DataFrame(columns, schema=UNIT_TYPES).with_columns(x=pl.Series(values))
    features = (Feature(name="x", unit="1", family="f"),)
    units = prepare_units(FeatureTable(frame=frame, features=features), np.ones(9, dtype=bool), ("a",))
    found = UnitRoles(role=np.repeat([0, 1, 2], 3), confidence=np.array([0.99, 0.95, 0.6, *[1.0] * 6]))
    first, second, third = role_profiles(units, found, values[:, None])
    (unsure,) = first.borderline
    assert (unsure.unit, unsure.confidence, unsure.next_role) == (("r", None, 2, "a"), 0.6, 1)
    assert second.borderline == third.borderline == ()
    assert second.exemplars[0] == ("r", None, 4, "a")
