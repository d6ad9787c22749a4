"""Environments that step together are recorded as each of them would be alone."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import UsageError
from convscope.record import EndKind, Labels, Recorder, Status
from tests.convscope_loaders.reading import in_small_blocks as blocks_of

AGENTS = ("a", "b")
A, W, D = Status.ACTING, Status.WAITING, Status.DEAD


@st.composite
def histories(draw):
    """What each of several environments does in each step: nothing, a step, a step that ends, or a reset before one."""
    n_envs = draw(st.integers(1, 4))
    moves = st.sampled_from(["rest", "step", "step", "step", "end", "reset"])
    return draw(st.lists(st.lists(moves, min_size=n_envs, max_size=n_envs), min_size=1, max_size=12))


@settings(deadline=None, max_examples=60)
@given(histories())
def test_each_environment_is_recorded_as_if_it_were_alone(tmp_path_factory, history):
    path = tmp_path_factory.mktemp("batch") / "log.h5"
    rng = np.random.default_rng(0)
    n_envs = len(history[0])
    expected, going_on = [], {}

    def finish(envs, end):
        """Those that began first come first, and of these the ones with the lower numbers."""
        for env in sorted(envs, key=lambda env: (going_on[env][0], env)):
            expected.extend([(going_on[env][1], end)] if going_on[env][1] else [])
            del going_on[env]

    with Recorder(path, agents=AGENTS) as recorder:
        trace = recorder.start_batch(n_envs)
        for t, moves in enumerate(history):
            is_reset = np.array([move == "reset" for move in moves])
            trace.begin(is_reset)
            finish([env for env in np.flatnonzero(is_reset).tolist() if env in going_on], EndKind.CUT)
            part = np.array([move != "rest" for move in moves])
            going_on |= {env: (t, []) for env in np.flatnonzero(part).tolist() if env not in going_on}
            seen, after, acted = rng.random((3, n_envs, 2, 3))
            ends = {env: EndKind.TERMINATED for env, move in enumerate(moves) if move == "end"}
            trace.step(
                {"observations": seen, "actions": acted}, after={"observations": after}, ends=ends, takes_part=part
            )
            for env in np.flatnonzero(part).tolist():
                going_on[env][1].append((seen[env], acted[env], after[env]))
            finish(ends, EndKind.TERMINATED)
            assert trace.lengths[trace.is_open].tolist() == [len(going_on[env][1]) for env in sorted(going_on)]
        finish(list(going_on), EndKind.CUT)
    if not expected:
        assert not path.exists()
        return
    log, blocks = blocks_of(path)
    assert log.episodes.end.tolist() == [end for _, end in expected]
    for block, (steps, _) in zip(blocks, expected, strict=True):
        seen, acted, after = (np.stack(values) for values in zip(*steps, strict=True))
        np.testing.assert_array_equal(block.columns["observations"], np.concatenate([seen, after[-1:]]))
        np.testing.assert_array_equal(block.columns["actions"][:-1], acted)
        assert (block.status[:-1] == A).all()
        assert (block.status[-1] == W).all()


def test_who_acts_waits_and_is_out_is_told_in_every_row(tmp_path):
    acting = np.array([[[1, 1]], [[0, 1]], [[1, 1]], [[1, 0]], [[0, 1]]], dtype=bool)
    out = np.array([[[0, 0]], [[0, 0]], [[0, 1]], [[0, 1]], [[0, 1]]], dtype=bool)
    rows = {
        True: [[A, A], [W, A], [A, A], [A, W], [W, D], [W, D]],
        False: [[A, A], [W, A], [A, A], [A, D], [W, D], [W, D]],
    }
    for sees_death, status in rows.items():
        path = tmp_path / f"{sees_death}.h5"
        with Recorder(path, agents=AGENTS) as recorder:
            trace = recorder.start_batch(1, sees_death=sees_death)
            for t in range(5):
                columns = {"observations": np.full((1, 2, 1), t), "actions": np.zeros((1, 2), int)}
                after = {"observations": np.full((1, 2, 1), t + 1)}
                trace.step(columns, after=after, is_acting=acting[t], is_out=out[t])
        _, (block,) = blocks_of(path)
        np.testing.assert_array_equal(block.status, status)
        np.testing.assert_array_equal(np.isnan(block.columns["observations"][:, :, 0]), np.array(status) == D)
        np.testing.assert_array_equal(np.isnan(block.columns["actions"][:, :, 0]), np.array(status) != A)


def test_what_single_steps_lack_is_missing_and_agents_may_have_columns_of_their_own(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder:
        trace = recorder.start_batch(2)
        recorder.checkpoint = "first"
        for t in range(3):
            columns = {"actions": {"a": np.array([t, t]), "b": np.array([[t, 1], [t, 2]])}}
            if t != 1:
                columns["hidden"] = np.full((2, 2, 4), t)
            trace.step(columns, ends={1: EndKind.TRUNCATED} if t == 2 else {})
        trace.begin([False, True], Labels(checkpoint="second"))
        trace.step({"actions": {"a": np.zeros(2, int), "b": np.zeros((2, 2), int)}})
    log, blocks = blocks_of(tmp_path / "log.h5")
    told = [(log.episodes.checkpoint_label(e), int(log.episodes.length[e]), int(log.episodes.end[e])) for e in range(3)]
    assert told == [("first", 3, EndKind.TRUNCATED), ("first", 4, EndKind.CUT), ("second", 1, EndKind.CUT)]
    np.testing.assert_array_equal(blocks[0].columns["hidden_states"][:, 0, 0], [0, np.nan, 2])
    np.testing.assert_array_equal(blocks[0].columns["actions"][:, 0], [[0, np.nan], [1, np.nan], [2, np.nan]])
    np.testing.assert_array_equal(blocks[0].columns["actions"][:, 1], [[0, 2], [1, 2], [2, 2]])


def test_steps_that_no_episode_needs_are_forgotten(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder:
        trace = recorder.start_batch(2)
        for t in range(40):
            trace.step({"actions": np.zeros((2, 2))}, ends={t % 2: EndKind.TERMINATED})
        assert len(trace._steps) <= 2
        assert recorder.n_episodes == 40


def test_episodes_end_when_a_recorder_is_forgotten(tmp_path):
    recorder = Recorder(tmp_path / "log.h5", agents=AGENTS)
    trace = recorder.start_batch(1)
    trace.step({"actions": np.zeros((1, 2))})
    del recorder
    log, _ = blocks_of(tmp_path / "log.h5")
    assert log.episodes.end.tolist() == [EndKind.CUT]


def test_a_recorder_cannot_be_sent_to_another_process(tmp_path):
    with Recorder(tmp_path / "log.h5") as recorder, pytest.raises(UsageError, match="make one in each process"):
        pickle.dumps(recorder)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"columns": {"actions": np.zeros((3, 2))}}, r"actions has shape \(3, 2\); expected 2 environments"),
        ({"columns": {"actions": {"a": 0.0, "b": 0.0}}}, r"actions has shape \(\); expected 2 environments"),
        ({"columns": {"actions": np.zeros((2, 2))}, "is_out": [True, False]}, r"shape \(2,\); expected \(2, 2\)"),
        ({"columns": {"actions": np.zeros((2, 2))}, "takes_part": [True]}, r"shape \(1,\); expected \(2,\)"),
    ],
)
def test_a_step_of_another_shape_is_refused_at_once(tmp_path, given, message):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder, pytest.raises(UsageError, match=message):
        recorder.start_batch(2).step(**given)


def test_agents_have_to_be_named(tmp_path):
    with Recorder(tmp_path / "log.h5") as recorder, pytest.raises(UsageError, match="name them"):
        recorder.start_batch(2)


def test_what_an_environment_writes_over_during_the_step_is_refused(tmp_path):
    seen = np.zeros((1, 2, 3))
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder, pytest.raises(UsageError, match="writes over"):
        recorder.start_batch(1).step(
            {"observations": {"a": seen[:, 0], "b": seen[:, 1]}, "state": seen, "actions": np.zeros((1, 2))},
            after={"state": seen},
        )


def test_a_column_that_changes_its_shape_is_refused_and_named(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder:
        trace = recorder.start_batch(1)
        for width in (3, 4):
            trace.step({"actions": np.zeros((1, 2)), "hidden": np.zeros((1, 2, width))})
        with pytest.raises(UsageError, match="hidden changes its shape"):
            trace.cut()
        assert not trace._steps
        assert not recorder._journal.going_on


def test_an_episode_that_is_refused_takes_no_other_with_it(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder:
        trace = recorder.start_batch(2)
        trace.step({"actions": np.zeros((2, 2)), "hidden": np.zeros((2, 2, 3))}, takes_part=[True, False])
        for _ in range(3):
            trace.step({"actions": np.zeros((2, 2)), "hidden": np.zeros((2, 2, 4))})
        with pytest.raises(UsageError, match="hidden changes its shape"):
            trace.cut()
    log, _ = blocks_of(tmp_path / "log.h5")
    assert log.episodes.length.tolist() == [3]
