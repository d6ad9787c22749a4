"""Teams that are too large for one regression: edges are found among all pairs, and nothing where there is nothing."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.pipeline import analyze
from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.routing.predictive import budget
from convscope.simulate.draws import Size
from convscope.simulate.gaussian import autoregressive, leaders_and_followers
from convscope.simulate.situations import EDGE_FREE, WITH_HIDDEN_CAUSE, chain, leader_follower
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS
from convscope.values.status import Status

SIZE = Size(n_agents=10, n_episodes=80, n_steps=50)
CONFIG = AnalysisConfig(n_permutations=99)


@pytest.fixture(autouse=True)
def _small_budget(monkeypatch):
    monkeypatch.setattr(budget, "MOST_BYTES", 1)


def held(log):
    return np.concatenate([block.columns[ACTIONS] for block in log.blocks(frozenset({ACTIONS}))])


def found(graph, edges):
    rows = graph.edges.filter(graph.edges["significant"]).select("sender", "receiver").rows()
    pairs = {(graph.agents.index(receiver), graph.agents.index(sender)) for sender, receiver in rows}
    true = set(map(tuple, np.argwhere(edges).tolist()))
    return len(pairs & true) / len(true), len(pairs - true)


@pytest.mark.parametrize("simulator", [leader_follower, chain])
def test_edges_are_found_and_the_indirect_ones_are_not(simulator):
    situation = simulator(SIZE, generator(0, "screened"), share=0.2) if simulator is leader_follower else None
    situation = situation or simulator(SIZE, generator(0, "screened"))
    graph = find_routing(situation.log, CONFIG)
    share, n_false = found(graph, situation.edges)
    assert share == 1
    assert n_false <= 1
    assert "transfer-entropy-screened" in {notice.code for notice in graph.notices}


def test_continuous_actions_are_screened_too():
    situation = autoregressive(SIZE, generator(0, "screened"), leaders_and_followers(10, gain=0.3), n_components=2)
    assert found(find_routing(situation.log, CONFIG), situation.edges) == (1, 0)


@pytest.mark.parametrize("name", EDGE_FREE)
def test_nothing_is_found_where_there_is_nothing(name):
    graphs = [find_routing(EDGE_FREE[name](SIZE, generator(seed, name)).log, CONFIG) for seed in range(3)]
    p = np.concatenate([graph.edges["p_value"].to_numpy() for graph in graphs])
    # A bound, so below the level: more than 9 of 270 pairs would be more than a third of it.
    assert (p <= 0.05).sum() <= 9
    assert not any(graph.edges["significant"].any() for graph in graphs)
    is_lit = ["unlogged-common-cause" in {notice.code for notice in graph.notices} for graph in graphs]
    assert all(is_lit) if name in WITH_HIDDEN_CAUSE else not any(is_lit)


def test_pairs_that_are_left_out_count_in_the_family(monkeypatch):
    monkeypatch.setattr("convscope.routing.predictive.screening.study.MOST_SENDERS", 2)
    graph = find_routing(leader_follower(SIZE, generator(1, "family"), share=0.2).log, CONFIG)
    assert graph.edges.height == 20
    smallest = graph.edges.sort("p_value").row(0, named=True)
    assert smallest["q_value"] <= 90 * smallest["p_value"]
    largest = graph.edges.sort("p_value").row(-1, named=True)
    assert largest["q_value"] >= min(largest["p_value"] * 90 / 20, 1) * (1 - 1e-9)


def test_the_order_of_episodes_and_the_cut_into_blocks_change_not_one_bit():
    rng = np.random.default_rng(1)
    log = leader_follower(Size(n_agents=6, n_episodes=60, n_steps=20), rng).log
    order = rng.permutation(60)
    actions = held(log).reshape(60, 20, 6, 1)[order].reshape(-1, 6, 1)
    names = [agent.name for agent in log.header.agents]
    first = find_routing(log, CONFIG)
    second = find_routing(
        log_from_arrays({ACTIONS: actions}, [20] * 60, names), AnalysisConfig(n_permutations=99, max_block_bytes=3000)
    )
    assert second.edges.equals(first.edges)


def test_death_is_no_action_and_the_dead_are_no_samples():
    rng = np.random.default_rng(3)
    actions = held(EDGE_FREE["independent agents"](SIZE, rng).log)
    status = np.full(actions.shape[:2], Status.ACTING, dtype=np.uint8)
    status.reshape(80, 50, 10)[:40, 25:, :5] = Status.DEAD
    is_dead = (status == Status.DEAD)[:, :, None]
    names = [f"agent_{number}" for number in range(10)]
    tables = [
        find_routing(
            log_from_arrays({ACTIONS: np.where(is_dead, junk, actions)}, [50] * 80, names, status=status)
        ).edges
        for junk in (0.0, np.nan, 4.0)
    ]
    assert all(table.equals(tables[0]) for table in tables)
    assert not tables[0]["significant"].any()


def test_runs_add_up_and_have_tables_of_their_own():
    situation = leader_follower(SIZE, generator(2, "runs"), share=0.2)
    names = [agent.name for agent in situation.log.header.agents]
    runs = ["a"] * 40 + ["b"] * 40
    graph = find_routing(log_from_arrays({ACTIONS: held(situation.log)}, [50] * 80, names, runs=runs), CONFIG)
    assert found(graph, situation.edges) == (1, 0)
    assert set(graph.edges_by_run["run"]) == {"a", "b"}


def test_few_episodes_are_not_tested():
    log = EDGE_FREE["independent agents"](Size(n_agents=4, n_episodes=10, n_steps=50), np.random.default_rng(0)).log
    graph = find_routing(log, CONFIG)
    assert graph.edges.height == 0
    assert any("too few" in notice.message for notice in graph.notices)


def test_constant_agents_have_no_edges():
    actions = np.full((800, 3, 1), 2.0)
    assert find_routing(log_from_arrays({ACTIONS: actions}, [20] * 40, list("abc")), CONFIG).edges.height == 0


def test_a_whole_analysis_says_what_it_could_not_do():
    log = leader_follower(Size(n_agents=4, n_episodes=40, n_steps=20), np.random.default_rng(5)).log
    roles = {"agent_0": "lead", "agent_1": "lead", "agent_2": "follow", "agent_3": "follow"}
    names = list(roles)
    evidence = analyze(
        log_from_arrays({ACTIONS: held(log)}, [20] * 40, names, declared_roles=roles), None, AnalysisConfig()
    )
    assert any(notice.where == "routing.preference" for notice in evidence.notices)
