"""Sign flips of episodes have the level they claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.flips import UnitScores, family_flips, one_sided_p, quadratic_flips


def scores_of(*tests):
    widths = [test.shape[1] for test in tests]
    return UnitScores(scores=np.concatenate(tests, axis=1), starts=np.cumsum([0, *widths]), freedom=np.ones(len(tests)))


def test_all_flips_of_few_units_are_made_once():
    # Of the 8 patterns of signs of (1, 2, 3) only the observed one reaches 6; of (1, 2, -1) three reach 2.
    p = one_sided_p(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, -1.0]]), n_flips=99, rng=np.random.default_rng(0))
    assert p == pytest.approx([1 / 8, 3 / 8])


def test_units_that_say_nothing_say_nothing():
    p = one_sided_p(np.zeros((10, 1)), n_flips=99, rng=np.random.default_rng(0))
    assert p == pytest.approx([1.0])


@given(st.integers(2, 40), st.integers(0, 2**31))
def test_p_is_a_probability_and_never_zero(n_units, seed):
    rng = np.random.default_rng(seed)
    p = one_sided_p(rng.normal(size=(n_units, 3)), n_flips=50, rng=rng)
    assert ((p > 0) & (p <= 1)).all()


def test_one_sided_p_is_uniform_without_an_effect():
    rng = np.random.default_rng(1)
    p = one_sided_p(rng.normal(size=(40, 2000)), n_flips=199, rng=rng)
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(p) == pytest.approx(0.5, abs=0.02)


def test_few_exceedances_buy_more_flips():
    rng = np.random.default_rng(2)
    excess = rng.normal(size=(60, 100))
    excess[:, 0] += 3.0
    p = one_sided_p(excess, n_flips=99, rng=rng)
    assert p[0] <= 1 / 4001


@pytest.mark.parametrize(("n_units", "n_columns"), [(40, 1), (40, 16), (20, 30)])
def test_quadratic_p_is_uniform_without_an_effect_even_with_more_columns_than_units(n_units, n_columns):
    rng = np.random.default_rng(3)
    tests = scores_of(*rng.normal(size=(600, n_units, n_columns)))
    p = quadratic_flips([tests], n_flips=199, rng=rng)
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(p) == pytest.approx(0.5, abs=0.035)


def test_the_largest_statistic_controls_the_family():
    rng = np.random.default_rng(4)
    family = [
        family_flips([scores_of(*rng.normal(size=(20, 40, 3)))], n_flips=99, alpha=0.05, rng=rng).min()
        for _ in range(400)
    ]
    assert np.mean(np.array(family) <= 0.05) <= 0.09


def test_runs_with_opposite_effects_strengthen_each_other():
    rng = np.random.default_rng(5)
    runs = [scores_of(sign * 0.5 + rng.normal(size=(40, 1))) for sign in (1, -1)]
    assert quadratic_flips(runs, n_flips=999, rng=rng)[0] < 0.01


def test_a_test_without_columns_has_no_p():
    rng = np.random.default_rng(6)
    tests = scores_of(np.zeros((30, 0)), rng.normal(size=(30, 2)))
    found = quadratic_flips([tests], n_flips=99, rng=rng)
    assert np.isnan(found[0])
    assert found[1] > 0
    assert np.isnan(family_flips([tests], n_flips=99, alpha=0.05, rng=rng)[0])


def test_scores_of_residuals_have_their_level_once_what_the_fit_used_up_is_counted():
    rng = np.random.default_rng(7)
    n_tests, n_units, n_steps, n_fitted = 800, 40, 2, 20
    # A quarter of the samples goes to nuisance regressors: residuals have three quarters of the errors' variance.
    x, y, nuisance = (rng.normal(size=(n_tests, n_units * n_steps, width)) for width in (1, 1, n_fitted))
    hat = nuisance @ np.linalg.pinv(nuisance)
    scores = ((x - hat @ x) * (y - hat @ y)).reshape(n_tests, n_units, n_steps).sum(axis=2)
    tests = scores_of(*scores[:, :, None])
    corrected = UnitScores(scores=tests.scores, starts=tests.starts, freedom=np.full(n_tests, 0.75))
    assert np.mean(quadratic_flips([tests], n_flips=199, rng=rng) <= 0.05) > 0.07
    assert np.mean(quadratic_flips([corrected], n_flips=199, rng=rng) <= 0.05) == pytest.approx(0.05, abs=0.025)
