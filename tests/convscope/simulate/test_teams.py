import numpy as np
import pytest

from convscope.simulate.tallies import graph_of, tallies_of
from convscope.simulate.teams import CIRCULANT, Team, diluted, relabelled, simulate_run, simulate_runs


def test_weights_follow_the_preference_and_sum_to_one():
    run = simulate_run(Team(preference=CIRCULANT, members=(1, 1, 1)), np.random.default_rng(0))
    # Scout: .2 to carrier and .6 to guard, of the two that are there.
    assert run.weights[0, 0, 0].tolist() == pytest.approx([0, 0.25, 0.75])
    assert run.weights.sum(axis=3) == pytest.approx(np.ones((4, 15, 3)))


def test_the_dead_neither_attend_nor_are_attended():
    team = Team(preference=CIRCULANT, members=(1, 1, 1), dying_role=2, n_episodes=1, n_steps=4)
    run = simulate_run(team, np.random.default_rng(0))
    assert run.valid[0, 3].tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    assert run.valid[0, 1].sum() == 6


def test_one_remaining_ally_is_no_choice_and_leaves_no_row():
    team = Team(preference=CIRCULANT, members=(1, 1, 1), dying_role=2, n_episodes=2, n_steps=4)
    tallies = tallies_of(simulate_runs(team, 2, np.random.default_rng(0)))
    assert len(tallies.run) == 2 * 2 * 3
    assert (tallies.n_steps == 2).all()


def test_redrawn_teams_change_between_episodes():
    team = Team(preference=CIRCULANT, members=(2, 2, 2), is_redrawn=True)
    roles = simulate_run(team, np.random.default_rng(0)).roles
    assert len({tuple(row) for row in roles.tolist()}) > 1


def test_dilution_and_relabelling_of_known_rows():
    assert diluted(CIRCULANT, 1.0)[0] == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert diluted(CIRCULANT, 0.0)[0] == pytest.approx(CIRCULANT[0])
    assert relabelled(CIRCULANT, (1, 0, 2)) == ((0.2, 0.6, 0.2), (0.2, 0.2, 0.6), (0.6, 0.2, 0.2))


def test_halves_divide_the_episodes_of_each_run():
    rng = np.random.default_rng(0)
    graph = graph_of(simulate_runs(Team(preference=CIRCULANT, members=(2, 2, 2)), 2, rng), ("a", "b", "c"), rng=rng)
    for first, second in graph.halves:
        for run in range(2):
            parts = [set(half.unit[half.run == run].tolist()) for half in (first, second)]
            assert len(parts[0]) == len(parts[1]) == 2
            assert parts[0] | parts[1] == {0, 1, 2, 3}


def test_one_seed_draws_one_run():
    team = Team(preference=CIRCULANT, members=(2, 2, 2), dyad_noise=0.3, step_noise=0.1)
    first, second = (simulate_run(team, np.random.default_rng(5)).weights for _ in range(2))
    assert first.tobytes() == second.tobytes()
