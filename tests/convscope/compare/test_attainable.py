import tracemalloc
from math import comb

import numpy as np
import pytest

from convscope.compare.attainable import (
    alignment_attainable,
    entering_tests,
    runs_to_attain,
    specificity_as_declared,
    specificity_attainable,
)
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, GENERIC, Team, simulate_runs
from convscope.values.gap import Verdict


def group(*sizes: int) -> Relabellings:
    roles = np.repeat(np.arange(len(sizes)), sizes)[None]
    rng = np.random.default_rng(0)
    return relabellings(roles, np.ones(roles.shape, dtype=bool), n_roles=len(sizes), n_draws=99, rng=rng)


@pytest.mark.parametrize("n_runs", [1, 3, 5])
def test_specificity_is_counted_over_renamings_of_whole_roles(n_runs: int):
    assert specificity_attainable([group(1, 1, 1)] * n_runs) == pytest.approx((6.0 ** -(n_runs - 1), 1.0))
    assert specificity_attainable([group(2, 2, 2)] * n_runs) == pytest.approx((6 / 90**n_runs, (6 / 90) ** n_runs))


def test_roles_of_different_sizes_cannot_be_renamed():
    assert specificity_attainable([group(1, 2, 3)]) == pytest.approx((1 / 60, 1 / 60))


@pytest.mark.parametrize("n_runs", [3, 5, 10])
def test_automorphisms_of_the_prior_are_counted(n_runs: int):
    assert alignment_attainable([group(1, 1, 1)] * n_runs, np.array(CIRCULANT)) == pytest.approx(0.5**n_runs)
    assert alignment_attainable([group(1, 1, 1)] * n_runs, np.array(GENERIC)) == pytest.approx((1 / 6) ** n_runs)
    assert alignment_attainable([group(2, 2, 2)] * n_runs, np.array(CIRCULANT)) == pytest.approx((3 / 90) ** n_runs)


def test_roles_that_the_prior_cannot_tell_apart_count_too():
    # Scouts and carriers attend and are attended alike: any two of the four may be the scouts.
    alike = np.array([[0.25, 0.25, 0.5], [0.25, 0.25, 0.5], [0.4, 0.4, 0.2]])
    assert alignment_attainable([group(2, 2, 2)], alike) == pytest.approx(6 / 90)


def test_undeclared_rows_tell_roles_apart():
    partly = np.array(CIRCULANT)
    partly[2] = np.nan
    assert alignment_attainable([group(1, 1, 1)], partly) == pytest.approx(1 / 6)


def test_a_circulant_prior_of_single_members_needs_six_runs():
    # Five would do for alignment (1/32), but a team as declared shows specificity p = 1/16.
    assert runs_to_attain([group(1, 1, 1)], np.array(CIRCULANT), alpha=0.05, n_draws=999) == 6
    assert runs_to_attain([group(1, 1, 1)], np.array(GENERIC), alpha=0.05, n_draws=999) == 3
    assert runs_to_attain([group(3)], np.full((1, 1), np.nan), alpha=0.05, n_draws=999) is None


def test_a_level_below_what_the_draws_can_give_is_never_reached():
    # Five runs of six ways each are all tried; more are drawn, and 999 draws give no p below .001.
    assert runs_to_attain([group(1, 1, 1)], np.array(GENERIC), alpha=0.0008, n_draws=999) == 5
    assert runs_to_attain([group(1, 1, 1)], np.array(GENERIC), alpha=0.0005, n_draws=999) is None
    assert runs_to_attain([group(2, 2, 2)], np.array(GENERIC), alpha=0.0005, n_draws=999) is None
    assert runs_to_attain([group(2, 2, 2)], np.array(GENERIC), alpha=0.0005, n_draws=9_999) == 3


def test_large_teams_are_counted_not_drawn():
    assert alignment_attainable([group(4, 4, 4)], np.array(CIRCULANT)) == pytest.approx(3 / 34_650)


def test_tests_enter_that_can_reach_their_share_of_the_level():
    assert entering_tests((0.001, 0.025), alpha=0.05) == (True, True)
    assert entering_tests((1 / 27, 1 / 27), alpha=0.05) == (True, False)
    assert entering_tests((0.04, 0.001), alpha=0.05) == (False, True)
    assert entering_tests((0.06, 0.06), alpha=0.05) == (False, False)


def test_three_runs_of_two_and_one_can_be_rejected_where_three_are_said_to_do():
    declared = ((0.2, 0.8), (0.3, 0.7))
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=declared, members=(2, 1)), 3, rng)
    found = routing_gap(runs, declared, rng=rng, roles=("scout", "guard"))
    parts = dict(found.component("alignment").parts)
    assert parts["specificity p"] == pytest.approx(1 / 27)
    assert parts["specificity attainable p"] == pytest.approx(1 / 27)
    assert found.verdict is Verdict.ALIGNED


def test_both_tests_bear_the_factor_in_the_attainable_p():
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=((0.2, 0.8), (0.3, 0.7)), members=(2, 1)), 4, rng)
    found = routing_gap(runs, ((0.2, 0.8), (0.3, 0.7)), rng=rng, roles=("scout", "guard"))
    parts = dict(found.component("alignment").parts)
    assert parts["specificity p"] == pytest.approx(2 / 81)
    assert parts["specificity attainable p"] == pytest.approx(2 / 81)


def test_symmetries_of_the_prior_are_counted_for_a_team_as_declared():
    circulant, generic = np.array(CIRCULANT), np.array(GENERIC)
    assert specificity_as_declared([group(1, 1, 1)] * 5, circulant) == pytest.approx((2.0**-4, 1))
    assert specificity_as_declared([group(1, 1, 1)] * 5, generic) == pytest.approx((6.0**-4, 1))
    assert specificity_as_declared([group(2, 2, 2)] * 3, circulant) == pytest.approx((2 / 30**3, (6 / 90) ** 3))
    alike = np.array([[0.25, 0.25, 0.5], [0.25, 0.25, 0.5], [0.4, 0.4, 0.2]])
    assert specificity_as_declared([group(2, 2, 2)], alike) == pytest.approx((3 * 6 / 90, 3 * 6 / 90))
    assert specificity_as_declared([group(1, 2, 3)], circulant) == pytest.approx((1 / 60, 1 / 60))


def test_a_noiseless_circulant_team_is_told_that_five_runs_are_too_few():
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=CIRCULANT, members=(1, 1, 1)), 5, rng)
    found = routing_gap(runs, CIRCULANT, rng=rng)
    parts = dict(found.component("alignment").parts)
    assert parts["specificity p"] == pytest.approx(1 / 16)
    assert parts["specificity attainable p, should P share the symmetries of the prior"] == pytest.approx(1 / 16)
    assert (found.verdict, found.runs_needed) == (Verdict.INSUFFICIENT_EVIDENCE, 6)
    assert "symmetries of the prior" in found.reasons[0]


@pytest.mark.parametrize(("members", "n_runs"), [((2, 2, 2), 1), ((2, 2), 2), ((1, 1, 1), 3), ((1, 2, 1), 2)])
def test_the_counted_p_is_the_p_of_a_noiseless_team(members: tuple[int, ...], n_runs: int):
    # Without noise, and where nothing but renaming whole roles keeps the preference, the tests reach what was counted.
    preference = tuple(row[: len(members)] for row in GENERIC[: len(members)])
    declared = [[value / sum(row) for value in row] for row in preference]
    roles = ("scout", "carrier", "guard")[: len(members)]
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=preference, members=members), n_runs, rng)
    found = routing_gap(runs, declared, rng=rng, roles=roles).component("alignment")
    parts = dict(found.parts)
    assert found.p_value == pytest.approx(found.attainable_p)
    for name in ("mean over runs", "run-wise"):
        assert parts[f"specificity p, {name}"] == pytest.approx(parts[f"specificity attainable p, {name}"])


def test_a_thousand_agents_are_compared_in_bounded_memory():
    run = group(500, 500)
    tracemalloc.start()
    # Of all the ways to deal two roles to a thousand agents one leaves the prior as it is.
    found = alignment_attainable([run], np.array([[0.2, 0.8], [0.3, 0.7]]))
    assert found == pytest.approx(1 / comb(1000, 500))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
