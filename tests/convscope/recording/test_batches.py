"""Environments that step together are cut into episodes, each as if it had been alone."""

import numpy as np

from convscope.ingest.open import open_logs
from convscope.record import EndKind, Recorder, Status

AGENTS = ("a", "b")


def read(path):
    log = open_logs([path])
    return log, [t.load() for t in log.tasks(frozenset(spec.name for spec in log.header.fields), max_bytes=1)]


def step(batch, t):
    """Three environments: what is seen tells which one it is, and the time."""
    seen = np.array([[[env, t, slot] for slot in range(2)] for env in range(3)], np.float32)
    batch.observe({"observations": seen, "state": seen[:, 0]})
    batch.act({"actions": np.full((3, 2), t % 4), "rewards": np.full((3, 2), t / 2)})
    return seen + np.array([0, 1, 0], np.float32)


def end(batch, envs, final):
    is_over = np.isin(np.arange(3), envs)
    batch.end(is_over, [EndKind.TERMINATED] * 3, {"observations": final} if final is not None else {})


def test_each_environment_has_episodes_of_its_own(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder:
        batch = recorder.start_vector(3)
        assert not batch.is_open.any()
        step(batch, 0)
        final = step(batch, 1)
        end(batch, [1], final)
        assert batch.is_open.tolist() == [True, False, True]
        for t in (2, 3):
            final = step(batch, t)
        end(batch, [0, 1], final)
        step(batch, 4)
    log, blocks = read(tmp_path / "log.h5")
    told = [
        (
            block.columns["observations"][:, 0, 0].tolist(),
            block.columns["observations"][:, 0, 1].tolist(),
            block.columns["actions"][:, 0, 0][:-1].tolist(),
            EndKind(int(log.episodes.end[int(block.episodes[0])])).name,
        )
        for block in blocks
    ]
    assert told == [
        ([1, 1, 1], [0, 1, 2], [0, 1], "TERMINATED"),
        ([0] * 5, [0, 1, 2, 3, 4], [0, 1, 2, 3], "TERMINATED"),
        ([1, 1, 1], [2, 3, 4], [2, 3], "TERMINATED"),
        ([0], [4], [], "CUT"),
        ([1], [4], [], "CUT"),
        ([2] * 5, [0, 1, 2, 3, 4], [0, 1, 2, 3], "CUT"),
    ]


def test_an_episode_that_begins_anew_is_cut_with_what_was_seen_last(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder:
        batch = recorder.start_vector(3)
        step(batch, 0)
        step(batch, 1)
        seen = np.full((3, 2, 3), 9, np.float32)
        batch.observe({"observations": seen, "state": seen[:, 0]})
        batch.observe({"observations": -seen, "state": -seen[:, 0]}, begins=[True, False, False])
        batch.act({"actions": np.zeros((3, 2), int), "rewards": np.zeros((3, 2))})
    log, blocks = read(tmp_path / "log.h5")
    assert log.episodes.length.tolist() == [2, 1, 3, 3]
    assert blocks[0].columns["observations"][:, 0, 1].tolist() == [0, 1, 9]
    assert blocks[1].columns["observations"][:, 0, 1].tolist() == [-9]
    assert blocks[2].columns["observations"][:, 0, 1].tolist() == [0, 1, -9]


def test_agents_of_different_widths_and_columns_that_come_and_go(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=AGENTS, run="r") as recorder:
        batch = recorder.start_vector(1)
        for t in range(3):
            batch.observe({"observations": {"a": np.full((1, 2), t), "b": np.full((1, 3), -t)}})
            extra = {"info/x": np.full((1, 2), 7)} if t == 1 else {}
            status = [[Status.ACTING, Status.DEAD if t == 2 else Status.ACTING]]
            batch.act({"actions": {"a": np.array([t]), "b": np.array([0])}, **extra}, status)
        recorder.run = "later"
        batch.end([True], [EndKind.TRUNCATED], {})
    log, (block,) = read(tmp_path / "log.h5")
    assert log.episodes.runs == ("r",)
    assert block.columns["observations"][:, 0].tolist()[2][:2] == [2, 2]
    assert block.columns["observations"][1, 1].tolist() == [-1, -1, -1]
    assert np.isnan(block.columns["observations"][2, 1]).all()
    assert block.columns["info/x"][1].tolist() == [7, 7]
    assert np.isnan(block.columns["info/x"][[0, 2]]).all()
    assert block.columns["actions"][:, 0, 0].tolist() == [0, 1, 2]
    assert block.status[2].tolist() == [Status.ACTING, Status.DEAD]
