"""Batches of (E)PyMARL are recorded as the loader reads them from a file, and who falls is told."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.ingest.validate import validate_log
from convscope.record import EndKind, Recorder, RecordingWarning, Status
from convscope_loaders.recorders.pymarl import add_batch
from tests.convscope_loaders.reading import in_small_blocks as blocks_of

GENUINE = Path(__file__).parents[2] / "data" / "pymarl" / "part_0.h5"
A, W, D = Status.ACTING, Status.WAITING, Status.DEAD


def small_batch():
    """Two episodes of two agents with room for three steps; ``agent_1`` of the first falls in its second step."""
    obs = np.arange(1, 17, dtype=np.float32).reshape(2, 4, 2, 1)
    avail = np.ones((2, 4, 2, 3), np.int32)
    obs[0, 2:, 1], avail[0, 2:, 1] = 0, [1, 0, 0]
    obs[1, 3:] = avail[1, 3:] = 0
    return {
        "obs": obs,
        "avail_actions": avail,
        "actions": np.arange(16).reshape(2, 4, 2, 1) % 3,
        "reward": np.arange(8, dtype=np.float32).reshape(2, 4, 1),
        "terminated": np.array([[0, 0, 1, 0], [0, 0, 0, 0]], np.uint8)[..., None],
        "filled": np.array([[1, 1, 1, 1], [1, 1, 1, 0]])[..., None],
        "probs": np.full((2, 4, 2, 3), 1 / 3),
    }


def test_a_genuine_batch_is_recorded_as_the_loader_reads_it(tmp_path):
    with h5py.File(GENUINE) as file:
        batch = {name: file[name][:] for name in file}
    with Recorder(tmp_path / "log.h5") as recorder:
        add_batch(recorder, batch, keeps_state=True)
    log, blocks = blocks_of(tmp_path / "log.h5")
    expected_log, expected = blocks_of(GENUINE)
    assert [problem for problem in validate_log(tmp_path / "log.h5") if problem.severity == "critical"] == []
    assert log.episodes.length.tolist() == expected_log.episodes.length.tolist()
    assert len(blocks) == len(expected) > 2
    for block, other in zip(blocks, expected, strict=True):
        np.testing.assert_array_equal(block.status, other.status)
        for name, column in block.columns.items():
            np.testing.assert_array_equal(column, other.columns[name], err_msg=name)
    assert [agent.action_space for agent in log.header.agents] == [a.action_space for a in expected_log.header.agents]


def test_ends_lengths_and_the_fallen_are_told(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=["scout", "tank"]) as recorder:
        add_batch(recorder, small_batch(), capture={"probabilities": "probs"})
    log, (first, second) = blocks_of(tmp_path / "log.h5")
    assert log.episodes.length.tolist() == [3, 2]
    assert log.episodes.end.tolist() == [EndKind.AMBIGUOUS, EndKind.TRUNCATED]
    np.testing.assert_array_equal(first.status, [[A, A], [A, A], [A, D], [W, D]])
    np.testing.assert_array_equal(second.status, [[A, A], [A, A], [W, W]])
    np.testing.assert_array_equal(first.columns["actions"][:, :, 0], [[0, 1], [2, 0], [1, np.nan], [np.nan] * 2])
    np.testing.assert_array_equal(second.columns["observations"][:, 0, 0], [9, 11, 13])
    np.testing.assert_array_equal(second.columns["team_rewards"][:2], [4, 5])
    assert first.columns["action_probabilities"].shape == (4, 2, 3)
    assert [agent.name for agent in log.header.agents] == ["scout", "tank"]


def test_rewards_of_each_agent_stay_their_own(tmp_path):
    batch = small_batch()
    batch["reward"] = np.arange(16).reshape(2, 4, 2)
    with Recorder(tmp_path / "log.h5") as recorder:
        add_batch(recorder, batch)
    _, (first, _) = blocks_of(tmp_path / "log.h5")
    np.testing.assert_array_equal(first.columns["rewards"][:3], [[0, 1], [2, 3], [4, np.nan]])


def test_what_a_batch_lacks_is_told(tmp_path):
    batch = small_batch()
    with Recorder(tmp_path / "log.h5") as recorder:
        with pytest.warns(RecordingWarning, match="the batch has no hidden, which messages was to be"):
            add_batch(recorder, batch, capture={"messages": "hidden"})
        del batch["obs"], batch["filled"]
        with pytest.raises(UsageError, match="the batch has no obs, filled"):
            add_batch(recorder, batch)
