import numpy as np
import pytest

from convscope.compare.attainable import alignment_attainable, runs_to_attain, specificity_attainable
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, GENERIC, Team, simulate_runs


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


def test_a_circulant_prior_of_single_members_needs_five_runs():
    assert runs_to_attain([group(1, 1, 1)], np.array(CIRCULANT), alpha=0.05) == 5
    assert runs_to_attain([group(1, 1, 1)], np.array(GENERIC), alpha=0.05) == 3
    assert runs_to_attain([group(3)], np.full((1, 1), np.nan), alpha=0.05) is None


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
