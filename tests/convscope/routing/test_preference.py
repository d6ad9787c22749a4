from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.routing.preference import role_preference
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import GENERIC, SimulatedRun, Team, simulate_run, simulate_runs
from convscope.values.preference import are_linked, mean_preference
from convscope.values.routing import RoutingTallies

ROLES = ("scout", "carrier", "guard")
TRUTH = np.array(GENERIC)


def tallies(team: Team, n_runs: int = 1, seed: int = 0) -> RoutingTallies:
    return tallies_of(simulate_runs(team, n_runs, np.random.default_rng(seed)))


def one_row(mass: list[float], roles: list[int], valid: list[bool] | None = None) -> RoutingTallies:
    return RoutingTallies(
        run=np.zeros(1, dtype=np.int64),
        unit=np.zeros(1, dtype=np.int64),
        receiver=np.zeros(1, dtype=np.int64),
        valid=np.array([valid or [False, *[True] * (len(mass) - 1)]]),
        mass=np.array([mass]),
        n_steps=np.array([sum(mass)]),
        roles=np.array([roles]),
        runs=("only",),
    )


def test_preference_is_mass_per_available_sender_in_a_single_row():
    # One scout divides 10 steps over two carriers (4 and 2) and one guard (4): 3 per carrier, 4 per guard.
    found = role_preference(one_row([0, 4, 2, 4], [0, 1, 1, 2]), ROLES)
    assert found.per_run[0, 0] == pytest.approx([np.nan, 3 / 7, 4 / 7], nan_ok=True)
    assert found.mass[0, 0].tolist() == [0, 6, 4]
    assert np.isnan(found.per_run[0, 1:]).all()


@pytest.mark.parametrize(
    "team",
    [
        Team(preference=GENERIC, members=(2, 2, 2)),
        Team(preference=GENERIC, members=(3, 3, 3)),
        Team(preference=GENERIC, members=(5, 3, 2)),
        Team(preference=GENERIC, members=(2, 2, 2), dying_role=1),
        Team(preference=GENERIC, members=(3, 3, 3), is_redrawn=True, n_episodes=40),
    ],
)
def test_the_true_preference_is_recovered_whatever_the_composition(team: Team):
    assert np.abs(role_preference(tallies(team), ROLES).per_run[0] - TRUTH).max() < 1e-6


def test_mean_weights_would_be_biased_where_teams_are_redrawn():
    team = Team(preference=GENERIC, members=(3, 3, 3), is_redrawn=True, n_episodes=200)
    run = simulate_run(team, np.random.default_rng(0))
    pair = (run.roles[:, None, :, None] == 1) & (run.roles[:, None, None, :] == 0) & run.valid
    others = (run.roles[:, None, :, None] == 1) & run.valid
    shares = run.weights[pair].mean() / sum(
        run.weights[others & (run.roles[:, None, None, :] == role)].mean() for role in range(3)
    )
    assert abs(shares - 0.6) > 0.005
    assert abs(role_preference(tallies_of([run]), ROLES).per_run[0, 1, 0] - 0.6) < 1e-6


def test_a_role_with_one_member_has_a_blank_diagonal():
    found = role_preference(tallies(Team(preference=GENERIC, members=(1, 1, 1))), ROLES).per_run[0]
    assert np.isnan(found).tolist() == np.eye(3, dtype=bool).tolist()
    assert found[0, 1:] == pytest.approx([0.375, 0.625])


def test_a_growing_team_keeps_its_preference_while_its_mass_moves():
    small, large = (tallies(Team(preference=GENERIC, members=(n, n, n))) for n in (2, 3))
    first, second = role_preference(small, ROLES), role_preference(large, ROLES)
    assert np.abs(first.matrix - second.matrix).max() < 1e-12
    shares = [each.mass[0] / each.mass[0].sum(axis=1, keepdims=True) for each in (first, second)]
    assert np.abs(shares[0] - shares[1]).max() > 0.01


@pytest.mark.parametrize("rubbish", [np.nan, 1e300])
def test_padding_changes_not_one_bit(rubbish: float):
    plain = tallies(Team(preference=GENERIC, members=(2, 2, 2), dying_role=2, dyad_noise=0.3), n_runs=2)
    n_rows = len(plain.run)
    padded = RoutingTallies(
        run=plain.run,
        unit=plain.unit,
        receiver=plain.receiver,
        valid=np.hstack([plain.valid, np.zeros((n_rows, 5), dtype=bool)]),
        mass=np.hstack([plain.mass, np.full((n_rows, 5), rubbish)]),
        n_steps=plain.n_steps,
        roles=np.hstack([plain.roles, np.tile([0, 1, 2, 1, -1], (n_rows, 1))]),
        runs=plain.runs,
    )
    first, second = role_preference(plain, ROLES), role_preference(padded, ROLES)
    assert first.per_run.tobytes() == second.per_run.tobytes()
    assert first.mass.tobytes() == second.mass.tobytes()


def test_agents_without_a_role_change_no_preference():
    team = Team(preference=GENERIC, members=(2, 2, 2))
    run = simulate_run(team, np.random.default_rng(0))
    # Two strangers take 30 % of everybody's routing; the odds among the others stay.
    weights = np.pad(run.weights * 0.7, [(0, 0), (0, 0), (0, 2), (0, 2)])
    weights[..., :6, 6:] = 0.15
    valid = np.broadcast_to(~np.eye(8, dtype=bool), weights.shape)
    roles = np.pad(run.roles, [(0, 0), (0, 2)], constant_values=-1)
    found = role_preference(tallies_of([SimulatedRun(weights=weights, valid=valid, roles=roles)]), ROLES)
    assert np.abs(found.per_run[0] - TRUTH).max() < 1e-12


def test_rows_left_with_one_declared_sender_carry_no_choice():
    found = role_preference(one_row([0, 1, 9], [0, 1, -1]), ROLES)
    assert np.isnan(found.per_run).all()
    assert found.mass.sum() == 0


def test_choices_that_never_meet_are_not_compared():
    # The scout chooses between own role and carriers, or among guards, never between the two groups.
    with_carriers, among_guards = (
        one_row([0, 3, 1, 0, 0], [0, 0, 1, 2, 2], [False, True, True, False, False]),
        one_row([0, 0, 0, 1, 1], [0, 0, 1, 2, 2], [False, False, False, True, True]),
    )
    fields = ("run", "unit", "receiver", "valid", "mass", "n_steps", "roles")
    both = {name: np.concatenate([getattr(with_carriers, name), getattr(among_guards, name)]) for name in fields}
    found = role_preference(RoutingTallies(**both, runs=("only",)), ROLES)
    assert found.per_run[0, 0] == pytest.approx([0.75, 0.25, np.nan], nan_ok=True)


def test_a_fit_that_creeps_towards_the_border_says_so():
    # Own role always beats carriers and carriers always beat guards: the best odds are infinite.
    first = one_row([0, 5, 0, 0], [0, 0, 1, 2], [False, True, True, False])
    second = one_row([0, 0, 5, 0], [0, 0, 1, 2], [False, False, True, True])
    fields = ("run", "unit", "receiver", "valid", "mass", "n_steps", "roles")
    both = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in fields}
    found = role_preference(RoutingTallies(**both, runs=("only",)), ROLES)
    assert found.per_run[0, 0] == pytest.approx([1, 0, 0], abs=1e-3)
    assert [notice.code for notice in found.notices] == ["not-converged"]


def test_a_run_without_rows_is_blank():
    empty = replace(tallies(Team(preference=GENERIC, members=(2, 2, 2))), runs=("run_0", "lost"))
    found = role_preference(empty, ROLES)
    assert np.isnan(found.per_run[1]).all()
    assert found.matrix == pytest.approx(found.per_run[0])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), dying_role=st.sampled_from([None, 0, 2]))
def test_rows_are_shares_and_the_order_of_agents_and_roles_does_not_matter(seed: int, dying_role: int | None):
    rng = np.random.default_rng(seed)
    run = simulate_run(Team(preference=GENERIC, members=(3, 2, 2), dyad_noise=0.5, dying_role=dying_role), rng)
    found = role_preference(tallies_of([run]), ROLES).per_run[0]
    assert found.sum(axis=1) == pytest.approx(np.ones(3))
    agents, names = rng.permutation(7), rng.permutation(3)
    moved = SimulatedRun(
        weights=run.weights[:, :, agents][..., agents],
        valid=run.valid[:, :, agents][..., agents],
        roles=names[run.roles[:, agents]],
    )
    renamed = role_preference(tallies_of([moved]), ROLES).per_run[0]
    assert renamed[np.ix_(names, names)] == pytest.approx(found, abs=1e-9)


def test_even_attention_with_noise_has_an_even_preference_on_average():
    even = ((1.0, 1.0, 1.0),) * 3
    found = role_preference(tallies(Team(preference=even, members=(2, 2, 2), dyad_noise=0.3), n_runs=300), ROLES)
    spread = found.per_run.std(axis=0) / np.sqrt(300)
    assert (np.abs(found.matrix - 1 / 3) < 4 * spread).all()


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 4), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_rows_of_the_mean_sum_to_1_whatever_cells_the_runs_identify(n_runs: int, n_roles: int, seed: int):
    rng = np.random.default_rng(seed)
    known = rng.random((n_runs, n_roles, n_roles)) < 0.7
    known &= known.sum(axis=2, keepdims=True) >= 2
    shares = np.where(known, rng.random(known.shape) + 0.01, np.nan)
    per_run = shares / np.nansum(shares, axis=2, keepdims=True)
    found = mean_preference(per_run)
    linked = are_linked(per_run)
    assert (np.isfinite(found) == known.any(axis=0) & linked[:, None]).all()
    assert np.nansum(found, axis=1) == pytest.approx((known.any(axis=(0, 2)) & linked).astype(float))


def test_odds_that_no_run_tells_are_not_made_up():
    apart = np.array([[[0.9, 0.1, np.nan, np.nan]], [[np.nan, np.nan, 0.5, 0.5]]])
    assert np.isnan(mean_preference(apart)).all()
    link = np.array([[[np.nan, 0.5, 0.5, np.nan]]])
    assert mean_preference(np.concatenate([apart, link]))[0] == pytest.approx([0.75, 1 / 12, 1 / 12, 1 / 12])


def test_runs_that_show_parts_of_one_preference_have_it_as_their_mean():
    # The second run has one scout: its own cell is blank, and the others' shares of .25 and .25 become .5 and .5.
    whole = np.array([[[0.5, 0.25, 0.25]], [[np.nan, 0.5, 0.5]]])
    assert mean_preference(np.repeat(whole, 3, axis=1))[0] == pytest.approx([0.5, 0.25, 0.25])
    alike = np.array([[[0.5, 0.5]], [[0.3, 0.7]]])
    assert mean_preference(np.repeat(alike, 2, axis=1))[0] == pytest.approx([0.4, 0.6])
