"""Whether an edge is claimed does not hang on the seed: near the level draws go on until the claim is settled."""

import numpy as np
import pytest
from scipy.stats import norm

from convscope.routing.flips import UnitScores, family_flips, one_sided_p, quadratic_flips
from convscope.routing.near_level import MOST_DRAWS, draw_until_settled, is_near, near_level


def test_a_single_p_is_near_the_level_while_its_interval_holds_it():
    # .049 of 999 draws: half a width of 2.576 * sqrt(.049 * .951 / 999) = .0176; of 100,000 it is .0018.
    assert near_level(np.array([0.049]), 999, 0.05).tolist() == [True]
    assert near_level(np.array([0.049]), 100_000, 0.05).tolist() == [True]
    assert near_level(np.array([0.047]), 100_000, 0.05).tolist() == [False]
    assert near_level(np.array([0.2, np.nan]), 999, 0.05).tolist() == [False, False]


def test_the_level_is_that_of_the_false_discovery_rate():
    # Of ten tests the smallest p is claimed up to .005: .0049 is near that, and .049 is far from its own .01.
    p = np.array([0.0049, 0.049, *np.full(8, 0.9)])
    assert near_level(p, 10_000, 0.05).tolist() == [True, *[False] * 9]


def test_a_fixed_level_is_asked_alone():
    assert is_near(np.array([0.045, 0.2, np.nan]), 199, 0.05).tolist() == [True, False, False]


def test_draws_end_where_the_claim_is_clear_or_at_the_limit():
    asked = []

    def more(tests, n):
        asked.append((tests.tolist(), n))
        return np.array([0.025 * n, 0.5 * n])[tests]

    p = draw_until_settled(np.array([2.0, 49.0]), np.array([99, 99]), is_tested=np.ones(2, bool), more=more, q=0.05)
    assert p == pytest.approx([0.025, 0.5], abs=0.01)
    n_drawn = 99 + sum(n for tests, n in asked if 0 in tests)
    assert MOST_DRAWS <= n_drawn < MOST_DRAWS + 1000
    assert not any(1 in tests for tests, _ in asked)


def claims(test, seeds):
    return [np.flatnonzero(test(np.random.default_rng(seed)) <= 0.05).tolist() for seed in seeds]


@pytest.mark.parametrize("p", [0.040, 0.060])
def test_seeds_agree_on_an_edge_whose_p_is_near_the_level(p):
    # The mean of 400 units is p standard errors above 0; with 199 flips alone, about a third of the seeds disagree.
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(400, 1))
    unit += norm.isf(p) * np.sqrt((unit**2).sum()) / 400 - unit.mean()
    every = claims(lambda own: one_sided_p(unit, n_flips=199, rng=own), range(40))
    assert sum(each == ([0] if p < 0.05 else []) for each in every) >= 39


def test_more_draws_keep_the_level():
    rng = np.random.default_rng(1)
    found = [(one_sided_p(rng.normal(size=(40, 1)), n_flips=99, rng=rng) <= 0.05).item() for _ in range(1500)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


def scores(values):
    n_tests = values.shape[1]
    return UnitScores(scores=values, starts=np.arange(n_tests + 1), freedom=np.ones(n_tests))


def test_squared_lengths_keep_the_level_too():
    rng = np.random.default_rng(2)
    found = [
        (quadratic_flips([scores(rng.normal(size=(40, 1)))], n_flips=99, rng=rng) <= 0.05).item() for _ in range(1500)
    ]
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


def test_the_family_is_flipped_further_near_its_level():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(60, 4))
    # The family-wise p of this test is about .03; of 199 flips alone, it is above .05 for one seed in ten.
    values[:, 0] += 2.8 * np.sqrt((values[:, 0] ** 2).sum()) / 60 - values[:, 0].mean()
    found = [family_flips([scores(values)], n_flips=199, alpha=0.05, rng=np.random.default_rng(n)) for n in range(30)]
    assert np.mean([each[0] < 0.05 for each in found]) >= 29 / 30
