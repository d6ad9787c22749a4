"""Weights of slots and of edges stand where their pairs are, whatever their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.pair_mapping import SlotOrder
from convscope.ingest.pair_weights import Numbering, PairEntries, pair_array, slots_in_order


def placed(row, receiver, sender, weight, shape, *, absent=0.0, adds_up=True):
    entries = PairEntries(
        row=np.array(row),
        receiver=np.array(receiver),
        sender=np.array(sender),
        weight=np.array(weight, dtype=float)[:, None],
    )
    return pair_array(entries, shape, absent=absent, adds_up=adds_up)[..., 0]


def test_orders_of_slots_by_hand():
    assert slots_in_order(SlotOrder.OTHERS, 3).tolist() == [[1, 2], [0, 2], [0, 1]]
    assert slots_in_order(SlotOrder.SELF_FIRST, 3).tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1]]


def test_edges_by_hand():
    found = placed([0, 0, 1, 1], [0, 2, 1, -1], [1, 0, 2, 0], [0.5, 0.25, 1, 9], (2, 3, 3), absent=-np.inf)
    assert found[0].tolist() == [[-np.inf, 0.5, -np.inf], [-np.inf] * 3, [0.25, -np.inf, -np.inf]]
    assert found[1].tolist() == [[-np.inf] * 3, [-np.inf, -np.inf, 1], [-np.inf] * 3]


def test_edges_of_one_pair_add_up_and_slots_of_one_agent_are_not_known():
    twice = ([0, 0, 0], [1, 1, 0], [0, 0, 1], [0.25, 0.5, 1], (1, 2, 2))
    assert placed(*twice).tolist() == [[[0, 1], [0.75, 0]]]
    known = placed(*twice, adds_up=False)[0]
    assert known[0].tolist() == [0, 1]
    assert np.isnan(known[1, 0])


@given(st.integers(0, 2**31))
def test_the_order_of_edges_changes_not_one_bit(seed):
    rng = np.random.default_rng(seed)
    row, receiver, sender = (rng.integers(low, high, 60) for low, high in ((0, 2), (-1, 3), (-1, 3)))
    weight = rng.choice([*rng.random(5), np.nan, -0.0, 0.0, 1e300, np.inf], 60)
    order = rng.permutation(60)
    first = placed(row, receiver, sender, weight, (2, 3, 3))
    again = placed(row[order], receiver[order], sender[order], weight[order], (2, 3, 3))
    assert np.array_equal(first, again, equal_nan=True)


@pytest.mark.parametrize("odd", [3, 2.5, np.inf, 1e300])
def test_a_number_of_no_agent_is_an_error(odd):
    with pytest.raises(LogFormatError, match=r"numbered from 0 to 2"):
        Numbering(n_agents=3).agents(np.array([0, odd]), "log.h5:/near")


def test_numbers_may_begin_elsewhere_and_others_may_be_empty():
    numbering = Numbering(n_agents=3, first=1, empty=(255,))
    assert numbering.agents(np.array([1, 3, -1, np.nan, 255, -np.inf]), "/near").tolist() == [0, 2, -1, -1, -1, -1]
    with pytest.raises(LogFormatError, match="holds 0"):
        numbering.agents(np.array([0.0]), "/near")
