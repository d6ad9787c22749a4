"""How near agents are, and who is there with whom, from hand-made episodes."""

import numpy as np
import pytest

from convscope.ingest.layout_file import lay_out
from convscope.ingest.memory import log_from_arrays
from convscope.routing.agreement import sight_notices
from convscope.routing.surroundings import SurroundingsFold
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, OBSERVATIONS, POSITIONS
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind
from convscope.values.status import Status

AGENTS = ("a", "b", "c")


def surroundings(positions, *, max_bytes=1 << 20):
    positions = np.asarray(positions, dtype=float)
    n_episodes, n_steps, n_agents, n_axes = positions.shape
    flat = positions.reshape(-1, n_agents, n_axes)
    log = log_from_arrays(
        {ACTIONS: np.zeros((len(flat), n_agents, 1)), POSITIONS: flat}, [n_steps] * n_episodes, AGENTS
    )
    fold = SurroundingsFold(log, AnalysisConfig(), AGENTS)
    state = fold.start()
    for block in log.blocks(frozenset({POSITIONS}), max_bytes=max_bytes):
        state = fold.merge(state, fold.add(fold.start(), block))
    return fold.finish(state)


def test_closeness_is_the_mean_distance_with_its_sign_turned():
    found = surroundings([[[[0, 0], [3, 4], [0, 1]], [[0, 0], [0, 5], [0, 3]]]]).controls()
    assert found["closeness"][0, 0, 1:].tolist() == pytest.approx([-5, -2])
    assert "presence" not in found, "all are always there"


def test_slots_that_are_neighbours_are_told():
    found = surroundings(np.zeros((1, 4, 3, 2))).controls()
    assert list(found) == ["slot"]
    assert found["slot"][0].tolist() == [[0, -1, -2], [-1, 0, -1], [-2, -1, 0]]


def test_the_cut_into_blocks_changes_nothing():
    positions = np.random.default_rng(0).integers(0, 9, (4, 5, 3, 1))
    first, second = (surroundings(positions, max_bytes=n) for n in (1 << 20, 1))
    assert np.allclose(first.distance, second.distance)
    assert (first.n_together == second.n_together).all()


def seen_by(layout, observations, positions=None, status=None):
    """Visibility of a log of one episode, shape (receiver, sender), and the notes about it."""
    observations = np.asarray(observations, dtype=float)
    columns = {ACTIONS: np.zeros((*observations.shape[:2], 1)), OBSERVATIONS: observations}
    if positions is not None:
        columns[POSITIONS] = np.asarray(positions, dtype=float)
    log = log_from_arrays(columns, [len(observations)], AGENTS, status=status)
    log = log if layout is None else lay_out(log, layout)
    fold = SurroundingsFold(log, AnalysisConfig(), AGENTS)
    (block,) = log.blocks(fold.fields, max_bytes=1 << 20)
    return fold.finish(fold.add(fold.start(), block)).controls().get("visibility"), sight_notices(log.header)


def layout_of(kind, n_slots):
    slots = tuple(Slot(kind=kind, rank=rank + 1, columns=(rank,)) for rank in range(n_slots))
    return ObservationLayout(receivers=(ReceiverLayout(name="all", agents=AGENTS, slots=slots),))


def test_visibility_is_the_share_of_steps_in_which_a_slot_is_not_empty():
    # a sees b always and c in one of two steps; b sees a never, and c once; c sees both always.
    observations = [[[1, 1], [0, 0], [2, 3]], [[5, 0], [0, 7], [1, 1]]]
    found, notices = seen_by(layout_of(SlotKind.OTHER, 2), observations)
    assert found[0, 0, 1:].tolist() == [1, 0.5]
    assert found[0, 1, [0, 2]].tolist() == [0, 0.5]
    assert found[0, 2, :2].tolist() == [1, 1]
    assert notices == ()


def test_those_whom_slots_of_the_nearest_leave_out_are_not_seen():
    # One slot: a's nearest is b, then c; the others stand still.
    observations, positions = np.ones((2, 3, 1)), [[[0], [1], [5]], [[4], [1], [5]]]
    found, _ = seen_by(layout_of(SlotKind.NEAREST, 1), observations, positions)
    assert found[0, 0, 1:].tolist() == [0.5, 0.5]
    assert found[0, 1, [0, 2]].tolist() == [1, 0]


def test_the_dead_are_neither_seen_nor_missed():
    status = np.full((2, 3), Status.ACTING, dtype=np.uint8)
    status[1, 2] = Status.DEAD
    found, _ = seen_by(layout_of(SlotKind.OTHER, 2), [[[0, 1], [1, 1], [1, 1]]] * 2, status=status)
    assert found[0, 0, 1:].tolist() == [0, 1]


def test_where_nobody_tells_who_sees_whom_that_is_said():
    found, (notice,) = seen_by(None, np.ones((2, 3, 2)))
    assert found is None
    assert notice.code == "not-computed"
    assert "no layout" in notice.message
    _, (notice,) = seen_by(layout_of(SlotKind.NEAREST, 1), np.ones((2, 3, 1)))
    assert "without positions" in notice.message
