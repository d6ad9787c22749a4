"""Concentration of an agent's routing: 0 = even, 1 = one target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.concentration import agent_concentration, role_concentration, row_concentration
from convscope.routing.graph import find_routing
from convscope.routing.halves import split_in_halves
from convscope.routing.intervals import THESE_RUNS_ONLY
from convscope.simulate.draws import Size
from convscope.simulate.policies import hidden_driver
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import CIRCULANT, Team, simulate_runs
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.routing import RoutingTallies

ROLES = ("scout", "carrier", "guard")


def tallies(mass):
    n_agents = len(mass)
    return RoutingTallies(
        run=np.zeros(n_agents, dtype=np.int64),
        unit=np.zeros(n_agents, dtype=np.int64),
        receiver=np.arange(n_agents),
        valid=~np.eye(n_agents, dtype=np.bool_),
        mass=np.asarray(mass, dtype=np.float64),
        n_steps=np.ones(n_agents),
        roles=np.full((n_agents, n_agents), -1),
        runs=("run",),
    )


def of_agents(mass, names):
    found = agent_concentration(tallies(mass), (), names, config=AnalysisConfig())
    return {each.receiver: each.value for each in found}


def test_by_hand():
    found = of_agents([[0, 0.5, 0.5], [1, 0, 0], [0.8, 0.2, 0]], "abc")
    assert found["a"] == 0
    assert found["b"] == 1
    # 1 - h(.2) / log 2
    assert found["c"] == pytest.approx(1 + (0.8 * np.log(0.8) + 0.2 * np.log(0.2)) / np.log(2))


def test_a_receiver_without_weight_is_left_out():
    assert list(of_agents([[0, 1, 1], [0, 0, 0], [1, 1, 0]], "abc")) == ["a", "c"]


@given(st.integers(0, 2**31), st.floats(0.1, 100))
def test_it_lies_between_0_and_1_and_has_no_scale(seed, scale):
    mass = np.random.default_rng(seed).random((4, 4)) * ~np.eye(4, dtype=np.bool_)
    plain, scaled = (of_agents(each, "abcd") for each in (mass, mass * scale))
    for name, value in plain.items():
        assert 0 <= value <= 1
        assert value == pytest.approx(scaled[name])


def test_even_rows_have_none_and_single_targets_have_all():
    rows = np.array([[1 / 3] * 3, [0, 1, 0], [0.5, 0.5, np.nan], [np.nan, 1, np.nan]])
    assert row_concentration(rows) == pytest.approx([0, 1, 0, np.nan], abs=1e-12, nan_ok=True)


def test_a_known_row():
    # 1 - H(.2, .2, .6) / ln 3 = 1 - 0.950271 / 1.098612.
    assert row_concentration(np.array([0.2, 0.2, 0.6])) == pytest.approx(0.135026, abs=1e-6)


def of_roles(team, n_runs, seed):
    rng = np.random.default_rng([7, seed])
    summed = tallies_of(simulate_runs(team, n_runs, rng))
    halves = split_in_halves(summed, rng=rng)
    return role_concentration(summed, halves, ROLES, config=AnalysisConfig(n_permutations=199))


def test_without_noise_the_interval_is_the_truth():
    found = of_roles(Team(preference=CIRCULANT, members=(2, 2, 2), n_episodes=6), 1, 0)
    for each in found:
        assert each.value == pytest.approx(0.135026, abs=1e-6)
        assert each.floor == pytest.approx(0, abs=1e-9)
        assert each.interval == pytest.approx((each.value, each.value), abs=1e-9)
        assert each.interval_kind == THESE_RUNS_ONLY


@pytest.mark.parametrize("n_runs", [1, 4])
def test_even_attention_with_noise_is_not_called_concentrated(n_runs):
    even = Team(preference=((1.0,) * 3,) * 3, members=(2, 2, 2), step_noise=1.0, n_episodes=10, n_steps=2)
    found = [each for seed in range(30) for each in of_roles(even, n_runs, seed)]
    n_false = sum(each.interval[0] > 0 for each in found)
    assert n_false <= 0.05 * len(found) + 3 * np.sqrt(0.05 * len(found))
    # Its value is never 0; the floor says why.
    assert all(each.value > 0 for each in found)
    assert np.mean([each.value - each.floor for each in found]) == pytest.approx(0, abs=0.003)


def test_a_single_episode_has_no_interval():
    found = of_roles(Team(preference=CIRCULANT, members=(2, 2, 2), n_episodes=1), 1, 0)
    assert [each.interval for each in found] == [None, None, None]


def graph_of(n_edges):
    size = Size(n_agents=4, n_episodes=40, n_steps=30)
    situation = hidden_driver(size, np.random.default_rng(3), n_edges=n_edges)
    return situation, find_routing(situation.log, AnalysisConfig(routing_source=RoutingSource.POLICY_RESIDUAL))


def test_noise_is_not_said_to_be_concentrated():
    _, graph = graph_of(0)
    assert not graph.edges["significant"].any()
    assert graph.concentration == ()
    (notice,) = [notice for notice in graph.notices if notice.where == "routing.concentration"]
    assert notice.code == "not-applicable"
    assert "of any receiver" in notice.message


def test_receivers_of_an_edge_are_told_and_the_others_are_named():
    situation, graph = graph_of(1)
    (receiver,) = np.flatnonzero(situation.edges.any(axis=1)).tolist()
    assert [each.receiver for each in graph.concentration] == [graph.agents[receiver]]
    (notice,) = [notice for notice in graph.notices if notice.where == "routing.concentration"]
    assert all(name in notice.message for name in set(graph.agents) - {graph.agents[receiver]})
