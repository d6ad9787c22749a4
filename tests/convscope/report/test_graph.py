"""The graph shows what is significant, and never more than a person can read."""

import polars as pl
import pytest

from convscope.report.graph import MAX_ARROWS, graph


def edges(pairs, *, significant=True, weight=0.5):
    columns = ("sender", "receiver", "weight", "q_value", "significant")
    rows = [(sender, receiver, weight, 0.01, significant) for sender, receiver in pairs]
    types = (pl.String, pl.String, pl.Float64, pl.Float64, pl.Boolean)
    return pl.DataFrame(rows, schema=dict(zip(columns, types, strict=True)), orient="row")


def all_pairs(names):
    return [(sender, receiver) for sender in names for receiver in names if sender != receiver]


def test_an_arrow_ends_at_the_receiver():
    drawn = graph(["top", "bottom"], edges([("bottom", "top")]), {})
    (arrow,) = drawn.arrows
    top = drawn.nodes[0]
    tip_x, tip_y = map(float, arrow.head.split()[0].split(","))
    assert abs(tip_x - float(top.x)) < 15
    assert 0 < tip_y - float(top.y) < 15


def test_the_two_directions_of_a_pair_do_not_lie_on_each_other():
    drawn = graph(["a", "b"], edges([("a", "b"), ("b", "a")]), {})
    assert drawn.arrows[0].path.split("Q")[1].split()[0] != drawn.arrows[1].path.split("Q")[1].split()[0]


def test_small_teams_show_weak_edges_and_large_ones_leave_them_out():
    small, large = ["a", "b", "c"], [f"agent_{n}" for n in range(12)]
    assert len(graph(small, edges(all_pairs(small), significant=False), {}).arrows) == 6
    assert graph(large, edges(all_pairs(large), significant=False), {}).arrows == ()


def test_arrows_that_are_left_out_are_counted():
    names = [f"agent_{n}" for n in range(20)]
    drawn = graph(names, edges(all_pairs(names)), {})
    assert (len(drawn.arrows), drawn.n_left_out) == (MAX_ARROWS, 380 - MAX_ARROWS)


@pytest.mark.parametrize("n", [0, 1, 41])
def test_no_graph_for_one_agent_or_too_many(n):
    assert graph([f"agent_{k}" for k in range(n)], edges([]), {}) is None


def test_long_names_get_numbers_and_a_key():
    drawn = graph(["a" * 30, "b"], edges([]), {})
    assert drawn.is_numbered
    assert [node.label for node in drawn.nodes] == ["1", "2"]


def test_edges_without_a_weight_are_not_drawn():
    assert graph(["a", "b"], edges([("a", "b")], weight=None), {}).arrows == ()
