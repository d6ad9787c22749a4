"""An edge counts where a hidden common cause lurks only if it is stronger than that cause could make it."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.routing.flips import UnitScores
from convscope.routing.graph import find_routing
from convscope.routing.predictive.common_cause import innovation_light, margin_over_common_cause
from convscope.routing.predictive.strength import strengths
from convscope.simulate.draws import N_ACTIONS, Size
from convscope.simulate.situations import shared_policy, unlogged_driver
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS

CONFIG = AnalysisConfig(n_permutations=199)


def scores_of(*columns):
    scores = np.column_stack(columns)
    return UnitScores(scores=scores, starts=np.arange(len(columns) + 1), freedom=np.ones(len(columns)))


def light_of(innovations):
    return innovation_light([innovations], alpha=0.05, n_flips=199, rng=np.random.default_rng(0))


def test_without_a_light_there_is_no_bar():
    noise = np.random.default_rng(0).normal(size=(50, 2))
    light = light_of(scores_of(*noise.T))
    assert light.strongest is None
    assert margin_over_common_cause([strengths(scores_of(*noise.T))], light, lag=1) is None


def test_the_bar_is_the_strongest_dependence_for_each_step_looked_back():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(50, 3)) / 50
    light = light_of(scores_of(noise[:, 0], noise[:, 1] + 0.01, noise[:, 2] + 0.02))
    assert (light.n_lit, light.strongest) == (2, 2)
    edges = strengths(scores_of(noise[:, 0] + 0.01, noise[:, 1] + 0.1))
    for lag in (1, 3):
        margin = margin_over_common_cause([edges], light, lag=lag)
        assert margin is not None
        assert margin.bar == pytest.approx(lag * light.strengths[0].value[2])
        assert margin.value == pytest.approx(edges.value - margin.bar)
        assert margin.p_value[0] > 0.5
        assert margin.p_value[1] < 0.01


@pytest.mark.parametrize("simulator", [unlogged_driver, shared_policy])
def test_a_hidden_cause_makes_no_edge(simulator):
    graphs = [find_routing(simulator(Size(n_agents=5), np.random.default_rng(seed)).log, CONFIG) for seed in range(2)]
    for graph in graphs:
        assert (graph.edges["p_value"] > 0.05).all()
        assert "unlogged-common-cause" in {notice.code for notice in graph.notices}


def test_an_edge_that_is_stronger_than_the_cause_is_found_beside_it():
    rng = np.random.default_rng(2)
    thing = np.repeat(rng.integers(N_ACTIONS, size=(100, 20, 1)), 3, axis=1)
    actions = np.where(rng.random((100, 60, 3)) < 0.3, thing, rng.integers(N_ACTIONS, size=(100, 60, 3)))
    is_copying = rng.random((100, 59)) < 0.5
    actions[:, 1:, 2] = np.where(is_copying, actions[:, :-1, 0], actions[:, 1:, 2])
    graph = find_routing(
        log_from_arrays({ACTIONS: actions.reshape(-1, 3, 1).astype(float)}, [60] * 100, list("abc")), CONFIG
    )
    assert "unlogged-common-cause" in {notice.code for notice in graph.notices}
    significant = graph.edges.filter(graph.edges["significant"]).select("sender", "receiver").rows()
    assert significant == [("a", "c")]
