"""Heads, layers and rounds: all of them by default, those that were asked for, and what each says."""

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.memory import log_from_arrays
from convscope.routing.graph import find_routing
from convscope.routing.weights.heads import chosen_heads, head_names
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, ATTENTION, GATES, FieldSpec, Level
from convscope.values.routing import edge_matrix

LAYERED = FieldSpec(name=ATTENTION, level=Level.PAIR, shape=(2, 3), inner_axes=("layer", "head"))


def two_heads(n_episodes=8):
    """Head 0 looks at b alone, head 1 at c alone."""
    weights = np.zeros((2 * n_episodes, 2, 3, 3))
    weights[:, 0, :, 1], weights[:, 1, :, 2], weights[:, :, 1:, 0] = 1.0, 1.0, 1.0
    return log_from_arrays({ATTENTION: weights}, [2] * n_episodes, ["a", "b", "c"])


def test_heads_are_called_by_their_place_on_each_axis():
    assert head_names(LAYERED) == ("0.0", "0.1", "0.2", "1.0", "1.1", "1.2")
    assert head_names(FieldSpec(name=GATES, level=Level.PAIR)) == ("",)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [(None, [0, 1, 2, 3, 4, 5]), ("1", [3, 4, 5]), ("*.0", [0, 3]), ("0.2, 1.0", [2, 3]), ("1.1,1", [3, 4, 5])],
)
def test_heads_are_chosen_by_name(choice, expected):
    assert chosen_heads(LAYERED, choice).tolist() == expected


@pytest.mark.parametrize("choice", ["2", "0.3", "0.0.0", "", "x"])
def test_a_head_that_is_not_there_is_an_error_that_says_what_is(choice):
    with pytest.raises(UsageError, match="2 layers x 3 heads, numbered from 0"):
        chosen_heads(LAYERED, choice)


@pytest.mark.parametrize(("heads", "of_b"), [(None, 0.5), ("0", 1.0), ("1", 0.0)])
def test_the_mean_of_all_heads_counts_unless_some_are_chosen(heads, of_b):
    graph = find_routing(two_heads(), AnalysisConfig(heads=heads))
    assert edge_matrix(graph.edges, graph.agents)[0, 1] == pytest.approx(of_b)
    assert "heads-averaged" in {notice.code for notice in graph.notices}


def test_the_table_of_heads_shows_each_whatever_was_chosen():
    table = find_routing(two_heads(), AnalysisConfig(heads="0")).heads
    of_a = table.filter((table["receiver"] == "a") & (table["sender"] == "b"))
    assert of_a["head"].to_list() == ["0", "1"]
    assert of_a["weight"].to_list() == pytest.approx([1.0, 0.0], abs=1e-9)


def test_the_order_of_heads_changes_no_edge():
    rng = np.random.default_rng(0)
    # Multiples of 1/64 add up exactly, so that a mean over heads is the same in any order.
    weights = rng.integers(1, 64, (40, 4, 3, 3)) / 64
    graphs = [
        find_routing(log_from_arrays({ATTENTION: weights[:, order]}, [4] * 10, ["a", "b", "c"]))
        for order in ([0, 1, 2, 3], [3, 1, 0, 2])
    ]
    assert graphs[0].edges.equals(graphs[1].edges)


def test_heads_of_a_log_without_any_are_an_error():
    log = log_from_arrays({ACTIONS: np.zeros((8, 3, 1))}, [2] * 4, ["a", "b", "c"])
    with pytest.raises(UsageError, match="no attention and no gates with axes of heads"):
        find_routing(log, AnalysisConfig(heads="0"))


def test_single_heads_and_gates_have_no_table_of_heads():
    log = log_from_arrays({GATES: np.ones((8, 3, 3))}, [2] * 4, ["a", "b", "c"])
    assert find_routing(log).heads is None
