"""Combinations of two agents: gates and exclusive or, and nothing where there is nothing."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.routing.predictive import recipes
from convscope.simulate import motions, situations
from convscope.simulate.draws import Size
from convscope.values.config import AnalysisConfig

CONFIG = AnalysisConfig(n_permutations=199)
SIZE = Size(n_agents=4, n_episodes=60, n_steps=50)


def significant(graph):
    return set(graph.edges.filter(graph.edges["significant"]).select("sender", "receiver").rows())


def said(graph):
    return {notice.code: notice.message for notice in graph.notices}


@pytest.mark.parametrize("simulator", [situations.gate, motions.gate])
def test_a_gate_is_found_and_the_receiver_named_as_its_other_half(simulator):
    graph = find_routing(simulator(SIZE, generator(0, "gate")).log, CONFIG)
    found = significant(graph)
    # At a false discovery rate of .05 now and then one of three is false.
    assert found >= {("agent_0", "agent_1"), ("agent_2", "agent_3")}
    assert len(found) <= 3
    assert "agent_1 to agent_0 with its own last action" in said(graph)["combinations"]


@pytest.mark.parametrize("simulator", [situations.exclusive_or, motions.exclusive_or])
def test_both_senders_of_an_exclusive_or_are_found(simulator):
    graph = find_routing(simulator(SIZE, generator(3, "xor")).log, CONFIG)
    found = significant(graph)
    # At a false discovery rate of .05 now and then one of three is false.
    assert found >= {("agent_0", "agent_2"), ("agent_1", "agent_2")}
    assert len(found) <= 3
    assert "agent_2 to agent_0 and agent_1 together" in said(graph)["combinations"]


def test_the_weight_of_an_exclusive_or_is_its_information():
    graph = find_routing(situations.exclusive_or(Size(n_agents=3), generator(2, "xor")).log, CONFIG)
    edges = {(s, r): w for s, r, w in graph.edges.select("sender", "receiver", "weight").iter_rows()}
    # 1 - h(.3) = .1187 bit, to first order .16 / (2 log 2) = .1154.
    assert edges["agent_0", "agent_2"] == pytest.approx(0.115, abs=0.012)
    assert edges["agent_2", "agent_0"] == pytest.approx(0, abs=0.002)


def test_independent_agents_combine_to_nothing():
    logs = [situations.independent(SIZE, generator(seed, "nothing")).log for seed in range(12)]
    graphs = [find_routing(log, CONFIG) for log in logs]
    p = np.concatenate([graph.edges["p_value"].to_numpy() for graph in graphs])
    # 144 pairs at level .05: more than 15 happen once in a thousand times.
    assert (p <= 0.05).sum() <= 15
    assert sum("combinations" in said(graph) for graph in graphs) <= 2


def test_large_teams_are_told_that_combinations_were_not_tested(monkeypatch):
    monkeypatch.setattr(recipes, "MOST_AGENTS", 3)
    graph = find_routing(situations.exclusive_or(SIZE, generator(3, "xor")).log, CONFIG)
    assert any("Combinations of two senders were not tested" in notice.message for notice in graph.notices)
    assert significant(graph) == set()
