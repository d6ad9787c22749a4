"""Edges carry q values over the pairs that were tested together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.edges import EffectSizes, PairFigures, edge_table, join_tables, q_values, role_edge_table
from convscope.values.routing import EDGE_COLUMNS


def test_q_values_by_hand():
    # Sorted p .01 .02 .03 .2 over four tests: .04, .04, .04, .2.
    assert q_values(np.array([0.03, 0.01, 0.2, 0.02])) == pytest.approx([0.04, 0.04, 0.2, 0.04])


def test_untested_pairs_are_no_part_of_the_family():
    assert q_values(np.array([np.nan, 0.04])) == pytest.approx([np.nan, 0.04], nan_ok=True)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=30))
def test_q_is_never_below_p_and_keeps_its_order(p_values):
    p = np.array(p_values)
    q = q_values(p)
    assert (q >= p - 1e-12).all()
    assert (np.diff(q[np.argsort(p)]) >= -1e-12).all()


def test_independent_tests_seldom_have_a_discovery():
    rng = np.random.default_rng(0)
    has_any = [(q_values(rng.random(20)) <= 0.05).any() for _ in range(400)]
    assert 0.02 < np.mean(has_any) < 0.09


def test_edges_run_from_sender_to_receiver():
    weight = np.array([[np.nan, 0.1], [0.9, np.nan]])
    p_value = np.array([[np.nan, 0.5], [0.01, np.nan]])
    edges = edge_table(PairFigures(weight=weight, p_value=p_value), ["a", "b"], q=0.05, run="r", checkpoint=None)
    assert tuple(edges.columns) == EDGE_COLUMNS
    unknown = (None,) * 4
    assert edges.rows() == [
        ("r", None, "a", "b", 0.9, 0.01, 0.02, True, *unknown),
        ("r", None, "b", "a", 0.1, 0.5, 0.5, False, *unknown),
    ]


def test_sizes_stand_beside_the_edge_they_belong_to():
    weight, p_value = np.array([[np.nan, 0.1], [0.9, np.nan]]), np.full((2, 2), 0.5)
    sizes = EffectSizes(share=weight / 2, low=weight - 0.1, high=weight + 0.1, smallest_detectable=weight + 1)
    edges = edge_table(PairFigures(weight=weight, p_value=p_value, sizes=sizes), ["a", "b"], q=0.05)
    assert edges.select("share", "low", "high", "smallest_detectable").rows() == [
        pytest.approx((0.45, 0.8, 1.0, 1.9)),
        pytest.approx((0.05, 0.0, 0.2, 1.1)),
    ]


def test_what_was_not_tested_is_null_and_not_significant():
    nothing = np.full((2, 2), np.nan)
    edges = edge_table(PairFigures(weight=nothing, p_value=nothing), ["a", "b"], q=0.05)
    assert edges["p_value"].to_list() == [None, None]
    assert edges["significant"].to_list() == [False, False]


def test_role_edges_leave_out_pairs_that_never_occur():
    weight = np.array([[0.2, 0.8], [1.0, np.nan]])
    edges = role_edge_table(PairFigures(weight=weight, p_value=np.full((2, 2), 0.5)), ["x", "y"], q=0.05)
    assert edges.select("sender", "receiver").rows() == [("x", "x"), ("y", "x"), ("x", "y")]


def test_no_tables_join_to_an_empty_one():
    assert tuple(join_tables([]).columns) == EDGE_COLUMNS
