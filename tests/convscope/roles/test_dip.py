"""The dip of samples whose dip is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.randomness import generator
from convscope.roles.dip import dip_p_value, dip_statistic

SAMPLES = st.lists(st.integers(-20, 20), min_size=2, max_size=40).map(lambda xs: np.array(xs, dtype=float))


@pytest.mark.parametrize("n", [2, 5, 10, 101])
def test_evenly_spread_values_have_the_least_dip_there_is(n):
    # Two values far apart are two modes: their dip is 1/4 = 1/(2n) as well.
    assert dip_statistic(np.arange(n, dtype=float)) == pytest.approx(1 / (2 * n))


def test_two_atoms_of_half_the_mass_have_a_quarter():
    # Any single-mode distribution misses one of the two jumps of 1/2 by half of it.
    assert dip_statistic(np.array([0.0] * 7 + [1.0] * 7)) == pytest.approx(0.25)


def test_three_equal_atoms_have_a_sixth():
    # The mode may sit on the middle one; the outer jumps of 1/3 are missed by half.
    assert dip_statistic(np.repeat([0.0, 1.0, 2.0], 5)) == pytest.approx(1 / 6)


def test_two_even_clusters_far_apart():
    # Five values each: the modal interval takes one cluster whole; the other's step of 5/10 is missed by half of it,
    # less what a straight line from the first cluster gains on the way: 0.5 * (0.5 - 0.2 / 10).
    values = np.concatenate([np.arange(5) * 0.1, 10 + np.arange(5) * 0.1])
    assert dip_statistic(values) == pytest.approx(0.24)


@given(SAMPLES, st.floats(0.01, 100), st.integers(-1000, 1000))
def test_scale_place_direction_and_order_change_nothing(values, scale, shift):
    expected = dip_statistic(values)
    mirrored = np.random.default_rng(0).permutation(-values * scale + shift)
    assert dip_statistic(mirrored) == pytest.approx(expected, abs=1e-9)


@given(SAMPLES)
def test_the_dip_is_between_its_bounds(values):
    assert 1 / (2 * len(values)) - 1e-12 <= dip_statistic(values) <= 0.25 + 1e-12


@pytest.mark.parametrize("n", [8, 40, 700])
def test_p_is_uniform_for_uniform_values_where_it_matters(n):
    rng = generator(1, "dip-test", str(n))
    p_values = np.array([dip_p_value(dip_statistic(rng.uniform(size=n)), n) for _ in range(600)])
    assert np.mean(p_values <= 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(p_values <= 0.2) == pytest.approx(0.2, abs=0.05)


def test_one_mode_is_not_rejected_and_two_modes_are():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=400), rng.normal(size=400)
    assert dip_p_value(dip_statistic(one), 400) > 0.5
    assert dip_p_value(dip_statistic(np.concatenate([one, other + 5])), 800) <= 0.002


def test_the_least_dip_has_p_one():
    assert dip_p_value(0.125, 4) == 1.0
    assert dip_p_value(0.5, 3) == 1.0
