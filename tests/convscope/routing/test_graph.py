"""The routing graph goes to networkx with all that its edges carry."""

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.routing.graph import find_routing
from convscope.values.fields import ATTENTION, POSITIONS


def test_networkx_gets_every_edge_from_sender_to_receiver():
    weights = np.ones((8, 1, 3, 3))
    weights[:, 0, 0, 1] = 3.0
    graph = find_routing(log_from_arrays({ATTENTION: weights}, [1] * 8, ["a", "b", "c"]))
    assert graph is not None
    exported = graph.to_networkx()
    assert set(exported.nodes) == {"a", "b", "c"}
    assert exported.number_of_edges() == 6
    assert exported.edges["b", "a"]["weight"] == 0.75
    assert set(exported.edges["b", "a"]) == {"weight", "p_value", "q_value", "significant"}
    assert exported.graph == {"source": "attention", "claim": "attends to"}


def test_a_log_without_a_source_has_no_graph():
    assert find_routing(log_from_arrays({POSITIONS: np.zeros((4, 3, 2))}, [4], ["a", "b", "c"])) is None


def test_one_agent_has_no_graph():
    weights = np.ones((8, 1, 3, 3))
    assert find_routing(log_from_arrays({ATTENTION: weights}, [8], ["a", "b", "c"]), agents=["a"]) is None


def test_without_roles_the_concentration_is_of_agents():
    weights = np.ones((8, 1, 3, 3))
    weights[:, 0, 0, 1] = 0.0
    graph = find_routing(log_from_arrays({ATTENTION: weights}, [1] * 8, ["a", "b", "c"]))
    assert graph is not None
    assert [(each.receiver, each.value) for each in graph.concentration] == [("a", 1.0), ("b", 0.0), ("c", 0.0)]
