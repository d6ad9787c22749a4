"""Conventions: which runs share one, and that runs of one convention are seldom parted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.compare.clouds import group_test
from convscope.compare.conventions import multiplicity, run_distances
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, GENERIC, Team, relabelled, simulate_runs
from convscope.values.config import AnalysisConfig
from convscope.values.conventions import ConventionNull, Conventions

SWAP = (1, 0, 2)
ROLES = ("scout", "carrier", "guard")


def conventions(n_runs: tuple[int, int], *, seed=0, members=(2, 2, 2), declared=GENERIC) -> Conventions:
    rng = np.random.default_rng(seed)
    runs = [
        run
        for preference, n in zip((declared, relabelled(declared, SWAP)), n_runs, strict=True)
        for run in simulate_runs(Team(preference=preference, members=members, dyad_noise=0.3, n_steps=1), n, rng)
    ]
    return routing_gap(runs, declared, rng=rng, config=AnalysisConfig(n_permutations=199)).conventions


def test_each_convention_has_its_runs_and_the_roles_that_it_comes_nearest_to():
    found = conventions((6, 4))
    assert [each.runs for each in found.found] == [
        tuple(f"run_{n}" for n in range(6)),
        tuple(f"run_{n}" for n in range(6, 10)),
    ]
    assert found.null is ConventionNull.HABITS
    first, second = found.found
    assert first.renaming.behaves_as == ROLES
    assert second.renaming.behaves_as == ("carrier", "scout", "guard")
    assert second.renaming.gap < 0.5 < second.gap
    assert second.renaming.certainty > 0.9
    assert first.preference == pytest.approx(np.array(GENERIC), abs=0.12)


def test_single_members_are_grouped_by_the_gap_between_two_clouds():
    found = conventions((5, 5), members=(1, 1, 1), declared=CIRCULANT)
    assert found.null is ConventionNull.SPREAD
    assert [len(each.runs) for each in found.found] == [5, 5]
    assert np.isnan(np.diag(found.found[0].preference)).all()


def test_three_runs_of_single_members_cannot_be_tested():
    found = conventions((2, 1), members=(1, 1, 1))
    assert (found.null, found.p_value, len(found.found)) == (None, None, 1)


def test_the_groups_hold_each_run_once():
    found = conventions((3, 3), seed=3)
    assert sorted(run for each in found.found for run in each.runs) == [f"run_{n}" for n in range(6)]


@pytest.mark.parametrize("members", [(2, 2, 2), (1, 1, 1)])
def test_runs_of_one_convention_are_seldom_parted(members):
    parted = [len(conventions((6, 0), seed=seed, members=members).found) > 1 for seed in range(30)]
    assert sum(parted) <= 30 * 0.05 + 2 * np.sqrt(30 * 0.05 * 0.95)


def test_one_normal_cloud_is_seldom_cut():
    rng = np.random.default_rng(5)
    scales = np.array([1.0, 0.5, 0.2])
    p_values = [group_test(rng.normal(size=(8, 3)) * scales, n_draws=99, rng=rng)[0] for _ in range(120)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 120)


def test_two_clouds_are_cut_where_they_part():
    rng = np.random.default_rng(6)
    points = rng.normal(size=(10, 3)) * 0.1 + np.repeat([[0, 0, 0], [1, 1, 0]], (6, 4), axis=0)
    p_value, is_second = group_test(points, n_draws=199, rng=rng)
    assert p_value == pytest.approx(0.005)
    assert set(map(tuple, (is_second, ~is_second))) == {(True,) * 6 + (False,) * 4, (False,) * 6 + (True,) * 4}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_runs=st.integers(2, 6))
def test_distances_between_runs_are_symmetric_and_multiplicity_is_never_negative(seed: int, n_runs: int):
    rng = np.random.default_rng(seed)
    learned = rng.dirichlet(np.ones(3), size=(n_runs, 3))
    distance = run_distances(learned)
    assert np.array_equal(distance, distance.T)
    assert (np.diag(distance) == 0).all()
    assert distance.max() <= 1
    assert multiplicity(learned, np.array(GENERIC)) >= 0
    assert multiplicity(np.tile(learned[:1], (n_runs, 1, 1)), np.array(GENERIC)) == pytest.approx(0, abs=1e-12)
