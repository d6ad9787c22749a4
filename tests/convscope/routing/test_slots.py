"""Each slot of an observation belongs to one agent at a time."""

import numpy as np

from convscope.routing.slots import NOBODY, fixed_sender, nearest_senders
from convscope.values.layout import Slot, SlotKind

AGENTS = ("a", "b", "c")


def test_the_kth_other_agent_skips_the_receiver():
    first, second = (Slot(kind=SlotKind.OTHER, rank=rank, columns=(0,)) for rank in (1, 2))
    described = [[fixed_sender(slot, receiver, AGENTS) for slot in (first, second)] for receiver in range(3)]
    assert described == [[1, 2], [0, 2], [0, 1]]


def test_a_named_agent_is_the_same_for_all_receivers():
    slot = Slot(kind=SlotKind.AGENT, agent="c", columns=(0,))
    assert {fixed_sender(slot, receiver, AGENTS) for receiver in (0, 1)} == {2}


def test_the_nearest_is_read_from_positions_and_the_dead_are_never_near():
    assert fixed_sender(Slot(kind=SlotKind.NEAREST, rank=1, columns=(0,)), 0, AGENTS) is None
    positions = np.array([[[0.0], [1.0], [2.0]], [[0.0], [3.0], [2.0]], [[0.0], [1.0], [2.0]]])
    is_present = np.array([[True, True, True], [True, True, True], [True, False, True]])
    assert nearest_senders(1, 0, positions=positions, is_present=is_present).tolist() == [1, 2, 2]
    assert nearest_senders(2, 0, positions=positions, is_present=is_present).tolist() == [2, 1, NOBODY]


def test_of_two_that_are_equally_near_the_first_in_log_order_counts_and_unknown_places_do_not():
    positions = np.array([[[0.0], [1.0], [-1.0]], [[0.0], [np.nan], [9.0]]])
    assert nearest_senders(1, 0, positions=positions, is_present=np.ones((2, 3), dtype=bool)).tolist() == [1, 2]
