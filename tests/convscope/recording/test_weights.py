"""A recorder takes weights of slots and edges, and its log holds them, and what was declared of them, bit for bit."""

import numpy as np
import pytest

from convscope.errors import ConvscopeError, UsageError
from convscope.ingest.open import open_logs
from convscope.ingest.validate import validate_logs
from convscope.ingest.writer import write_log
from convscope.record import (
    Absent,
    EndKind,
    OwnColumn,
    Recorder,
    RowSum,
    SlotOrder,
    Weights,
    weights_of_edges,
    weights_of_slots,
)
from convscope.values.fields import ATTENTION, GATES
from tests.convscope_loaders.reading import joined

NO = -np.inf


def test_slots_by_hand():
    near = [[1, 2], [0, -1], [1, 0]]
    assert weights_of_slots([[0.6, 0.4], [1, 9], [0.2, 0.8]], near, n_agents=3, absent=Absent.NO_SLOT).tolist() == [
        [NO, 0.6, 0.4],
        [1, NO, NO],
        [0.8, 0.2, NO],
    ]
    others = weights_of_slots(np.arange(12).reshape(2, 3, 2), SlotOrder.OTHERS, n_agents=3)
    assert others[1, 1, [0, 2]].tolist() == [8, 9]
    assert np.isnan(others[:, 1, 1]).all()


def test_edges_by_hand():
    both = weights_of_edges([[1, 2], [3, 4]], [0, 1], [1, 0], n_agents=2, absent=Absent.ZERO)
    assert both.tolist() == [[[0, 3], [1, 0]], [[0, 4], [2, 0]]]
    steps = weights_of_edges(
        [1, 2, 3], [0, 0, 1], [1, 1, 0], n_agents=2, absent=Absent.NO_SLOT, steps=[0, 0, 1], n_steps=2
    )
    assert steps.tolist() == [[[NO, NO], [3, NO]], [[NO, 3], [NO, NO]]]


@pytest.mark.parametrize(
    "call",
    [
        lambda: weights_of_slots(np.ones((3, 3)), [[0, 1]] * 3, n_agents=3, absent=Absent.ZERO),
        lambda: weights_of_slots(np.ones((2, 3, 2)), np.zeros((5, 3, 2)), n_agents=3, absent=Absent.ZERO),
        lambda: weights_of_slots(np.ones((3, 2)), [[0, 7]] * 3, n_agents=3, absent=Absent.ZERO),
        lambda: weights_of_slots(np.ones((3, 2)), [[0, 1]] * 3, n_agents=3),
        lambda: weights_of_slots(3.0, 1.0, n_agents=3, absent=Absent.ZERO),
        lambda: weights_of_edges([1, 2], [0], [1, 0], n_agents=2, absent=Absent.ZERO),
        lambda: weights_of_edges([1], [0.5], [1], n_agents=2, absent=Absent.ZERO),
        lambda: weights_of_edges([1], [0], [1], n_agents=2, absent=Absent.ZERO, steps=[4], n_steps=4),
        lambda: weights_of_edges([1], [0], [1], n_agents=2, absent=Absent.ZERO, steps=[0]),
    ],
)
def test_what_does_not_fit_is_an_error(call):
    with pytest.raises(ConvscopeError):
        call()


def test_what_is_recorded_and_declared_is_read_again_and_converted_bit_for_bit(tmp_path):
    rng = np.random.default_rng(0)
    near = np.argsort(rng.random((5, 3, 3)), axis=-1)[..., :2]
    attention = weights_of_slots(rng.random((5, 2, 3, 2)), near[:, None], n_agents=3, absent=Absent.NO_SLOT)
    gates = np.where(rng.random((5, 3, 3)) < 0.5, NO, 1)
    declared = {GATES: Weights(row_sum=RowSum.KEEP), ATTENTION: Weights(own_column=OwnColumn.NOTHING)}
    with Recorder(tmp_path / "log.h5", agents=["a", "b", "c"], weights=declared) as recorder:
        columns = {"actions": np.zeros((5, 3), int), ATTENTION: attention, GATES: gates}
        recorder.add_episode(columns, end=EndKind.TERMINATED)
    log = open_logs([tmp_path / "log.h5"])
    write_log(log, tmp_path / "again.h5")
    for read in (log, open_logs([tmp_path / "again.h5"])):
        assert joined(read)[1][ATTENTION].tobytes() == attention.tobytes()
        assert joined(read)[1][GATES].tobytes() == gates.tobytes()
        assert read.header.field(GATES).row_sum is RowSum.KEEP
        assert read.header.field(GATES).own_column is OwnColumn.WEIGHT
        assert read.header.field(ATTENTION).own_column is OwnColumn.NOTHING
    problems = [problem for report in validate_logs([tmp_path / "again.h5"]) for problem in report.problems]
    assert not [problem for problem in problems if problem.rule == "negative-attention"]


def test_only_weights_between_pairs_can_be_declared(tmp_path):
    with pytest.raises(UsageError, match="only attention, gates"):
        Recorder(tmp_path / "log.h5", weights={"rewards": Weights()})
