import numpy as np
import pytest

from convscope.compare.relabelled_run import relabelled_run
from convscope.compare.relabelling import FEWEST_DRAWS, relabellings
from convscope.routing.preference import role_preference
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import GENERIC, Team, simulate_run

ROLES = ("scout", "carrier", "guard")


def listed(roles: list[list[int]], n_draws: int = 50):
    codes = np.array(roles)
    return relabellings(
        codes, np.ones(codes.shape, dtype=bool), n_roles=3, n_draws=n_draws, rng=np.random.default_rng(0)
    )


@pytest.mark.parametrize(("roles", "n_all"), [([0, 1, 2], 6), ([0, 0, 1, 1, 2, 2], 90), ([0, 0, 0, 1], 4), ([0, 0], 1)])
def test_small_groups_are_listed_whole(roles: list[int], n_all: int):
    found = listed([roles])
    assert found.is_exhaustive
    assert found.n_all == len(found.labels) == len({tuple(each) for each in found.labels[:, 0].tolist()}) == n_all
    assert found.labels[0, 0].tolist() == roles


def test_every_relabelling_keeps_the_composition():
    for roles in ([[0, 0, 1, 1, 2, 2]], [[0] * 5 + [1] * 5 + [2] * 5], [[0, 1, 2, 2], [1, 1, 0, 2]]):
        found = listed(roles).labels
        assert (np.sort(found, axis=2) == np.sort(np.array(roles), axis=1)).all()


def test_large_groups_are_drawn_after_the_declared_roles():
    roles = [0] * 5 + [1] * 5 + [2] * 5
    found = listed([roles])
    assert not found.is_exhaustive
    assert found.n_all == 756_756
    assert found.labels[0, 0].tolist() == roles
    assert len(found.labels) == 51


def test_redrawn_roles_are_relabelled_in_each_episode():
    found = listed([[0, 1, 2, 2], [1, 1, 0, 2]])
    assert found.labels.shape == (51, 2, 4)
    assert found.sizes == ()


def test_agents_without_a_role_or_that_never_take_part_keep_what_they_have():
    is_present = np.array([[True, True, True, True, False]])
    rng = np.random.default_rng(0)
    found = relabellings(np.array([[0, 1, -1, 2, 1]]), is_present, n_roles=3, n_draws=10, rng=rng)
    assert found.n_all == 6
    assert (found.labels[:, 0, 2] == -1).all()


def test_each_relabelling_gives_the_preference_that_a_fit_would():
    run = simulate_run(
        Team(preference=GENERIC, members=(2, 2, 1), dyad_noise=0.5, dying_role=1), np.random.default_rng(1)
    )
    tallies = tallies_of([run])
    found = relabelled_run(tallies, n_roles=3, n_draws=20, rng=np.random.default_rng(0))
    assert len(found.preference) == 30
    for number in (0, 7, 29):
        roles = np.broadcast_to(found.relabellings.labels[number, 0], tallies.roles.shape)
        expected = role_preference(
            type(tallies)(
                **{name: getattr(tallies, name) for name in ("run", "unit", "receiver", "valid", "mass", "n_steps")},
                roles=roles,
                runs=tallies.runs,
            ),
            ROLES,
        )
        assert found.preference[number] == pytest.approx(expected.per_run[0], abs=1e-9, nan_ok=True)


def test_redrawn_teams_start_from_the_declared_preference():
    run = simulate_run(
        Team(preference=GENERIC, members=(2, 2, 2), is_redrawn=True, n_episodes=30), np.random.default_rng(1)
    )
    found = relabelled_run(tallies_of([run]), n_roles=3, n_draws=20, rng=np.random.default_rng(0))
    assert np.abs(found.preference[0] - np.array(GENERIC)).max() < 1e-6
    assert np.abs(found.preference[1:].mean(axis=0) - 1 / 3).max() < 0.1


def test_very_long_logs_with_redrawn_roles_are_drawn_less_often():
    roles = np.random.default_rng(0).integers(3, size=(20_001, 10))
    found = relabellings(
        roles, np.ones(roles.shape, dtype=bool), n_roles=3, n_draws=999, rng=np.random.default_rng(0)
    ).labels
    assert len(found) == 1 + FEWEST_DRAWS
