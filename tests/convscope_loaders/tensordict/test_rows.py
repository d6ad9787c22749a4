"""Batches of rows are cut into episodes where flags, numbers of trajectories, padding and observations say."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.values.header import ActionKind
from convscope.values.status import EndKind, Status
from tests.convscope_loaders.tensordict.rollouts import DATA, assumed, episodes, opened, rollout, whole, write_h5

T, U, C = EndKind.TERMINATED, EndKind.TRUNCATED, EndKind.CUT


def read(name):
    with h5py.File(DATA / name) as file:
        found = {}
        file.visititems(lambda path, item: found.update({path: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def check_rows(log, held, spans):
    """Compare every episode with the rows (environment, start, stop) of a file."""
    assert len(spans) == log.episodes.n_episodes
    for found, (env, start, stop) in zip(episodes(log), spans, strict=True):
        rows = (env, slice(start, stop)) if held["next/done"].ndim == 3 else slice(start, stop)
        last = (env, stop - 1) if held["next/done"].ndim == 3 else stop - 1
        np.testing.assert_array_equal(found["observations"][:-1], held["agents/observation"][rows])
        np.testing.assert_array_equal(found["observations"][-1], held["next/agents/observation"][last])
        actions = held["agents/action"][rows]
        np.testing.assert_array_equal(found["actions"][:-1], actions.reshape(*actions.shape[:2], -1))
        np.testing.assert_array_equal(found["rewards"][:-1], held["next/agents/reward"][rows][..., 0])
        assert np.isnan(found["actions"][-1]).all()
        assert np.isnan(found["rewards"][-1]).all()


def test_a_genuine_rollout_is_read_with_its_final_observations():
    log = opened(DATA / "rollout.h5")
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert {agent.action_space.kind for agent in log.header.agents} == {ActionKind.CONTINUOUS}
    assert (log.episodes.length.tolist(), log.episodes.rows.tolist()) == ([8, 8, 8], [9, 9, 9])
    assert log.episodes.end.tolist() == [T, T, T]
    assert log.header.framework == "torchrl"
    check_rows(log, read("rollout.h5"), [(env, 0, 8) for env in range(3)])
    assert "3 terminations at the longest length (8 steps) may be time limits" in assumed(log)
    block = whole(log)
    assert (block.status[block.time_of_row == 8] == Status.WAITING).all()
    assert (block.status[block.time_of_row < 8] == Status.ACTING).all()


def test_several_episodes_in_a_row_are_told_apart_and_the_last_one_is_cut():
    log = opened(DATA / "autoreset.h5")
    assert log.episodes.length.tolist() == [6, 6, 2, 6, 6, 2]
    assert log.episodes.end.tolist() == [T, T, C, T, T, C]
    assert log.episodes.path[1] == "/agents[0]"
    spans = [(env, start, stop) for env in range(2) for start, stop in ((0, 6), (6, 12), (12, 14))]
    check_rows(log, read("autoreset.h5"), spans)


@pytest.mark.parametrize(
    ("name", "ends"),
    [("limit.h5", [U, U, C, U, U, C]), ("both.h5", [EndKind.AMBIGUOUS, C, EndKind.AMBIGUOUS, C])],
)
def test_time_limits_are_truncations_and_both_flags_at_once_are_ambiguous(name, ends):
    log = opened(DATA / name)
    assert log.episodes.end.tolist() == ends
    assert "time limits" not in assumed(log)


def test_collected_batches_are_cut_and_an_episode_that_began_before_is_read_on():
    for name, lengths in (("collected_0.h5", [5, 2] * 3), ("collected_1.h5", [3, 4] * 3), ("benchmarl.h5", [20] * 3)):
        log = opened(DATA / name)
        assert log.episodes.length.tolist() == lengths
        cuts = np.cumsum([0, *lengths]).reshape(-1)
        n_rows = read(name)["next/done"].shape[1]
        spans = [(start // n_rows, start % n_rows, start % n_rows + n) for start, n in zip(cuts, lengths, strict=False)]
        check_rows(log, read(name), spans)


def test_padding_of_split_trajectories_is_no_step():
    log = opened(DATA / "split.h5")
    assert log.episodes.length.tolist() == [5, 2, 5, 2, 5, 2]
    assert log.episodes.end.tolist() == [T, C] * 3
    check_rows(log, read("split.h5"), [(env, 0, stop) for env, stop in enumerate([5, 2] * 3)])


def test_environments_laid_one_after_the_other_are_told_apart_by_their_observations():
    log = opened(DATA / "flattened.h5")
    assert log.episodes.length.tolist() == [4, 4, 4]
    assert log.episodes.end.tolist() == [C, C, C]
    assert "though no flag is set: 2 times" in assumed(log)
    check_rows(log, read("flattened.h5"), [(0, 0, 4), (0, 4, 8), (0, 8, 12)])


def test_a_random_sample_is_refused():
    with pytest.raises(LogFormatError, match="10 of 12 rows: the rows are a random sample"):
        opened(DATA / "sampled.h5")


def test_a_batch_with_time_first_is_known_by_its_observations(tmp_path):
    entries = rollout([[0, 0, 1, 0], [0, 0, 0, 0]])
    turned = {name: np.swapaxes(array, 0, 1) for name, array in entries.items()}
    log = opened(write_h5(tmp_path / "log.h5", turned))
    assert "batch dimensions (4, 2) are time and environments" in assumed(log)
    check_rows(log, entries, [(0, 0, 3), (0, 3, 4), (1, 0, 4)])
    pieces = [piece.columns["observations"] for piece in log.blocks(frozenset({"observations"}), max_bytes=1)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole(log).columns["observations"])


def test_several_dimensions_of_environments_are_one(tmp_path):
    done = np.zeros((2, 3, 4), bool)
    done[0, 1, 2] = done[1, 2, 3] = True
    entries = rollout(done)
    log = opened(write_h5(tmp_path / "log.h5", entries))
    folded = {name: array.reshape(6, *array.shape[2:]) for name, array in entries.items()}
    check_rows(log, folded, [(0, 0, 4), (1, 0, 3), (1, 3, 4), *((env, 0, 4) for env in (2, 3, 4, 5))])
    pieces = [piece.columns["observations"] for piece in log.blocks(frozenset({"observations"}), max_bytes=1)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole(log).columns["observations"])


def test_resets_without_a_flag_are_marked_by_the_first_row(tmp_path):
    entries = rollout([[0, 0, 1, 0, 0]])
    entries["next/done"][:] = entries["next/terminated"][:] = False
    entries["is_init"] = np.array([1, 0, 0, 1, 0], bool).reshape(1, 5, 1)
    entries["step_count"] = np.array([7, 8, 9, 0, 1]).reshape(1, 5, 1)
    log = opened(write_h5(tmp_path / "log.h5", entries))
    assert log.episodes.length.tolist() == [3, 2]
    assert log.episodes.end.tolist() == [C, C]
    assert "1 episodes began before their first row, by /step_count" in assumed(log)


def test_rows_of_a_trajectory_that_others_separate_are_put_together(tmp_path):
    entries = rollout([[0, 0, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1]])
    numbers = np.array([[0, 0, 0, 0, 0, 2], [1, 1, 1, 3, 3, 3]])
    order = [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]  # two rows of each environment in turn
    flat = {name: array.reshape(12, *array.shape[2:])[order] for name, array in entries.items()}
    flat["collector/traj_ids"] = numbers.reshape(12)[order]
    log = opened(write_h5(tmp_path / "log.h5", flat))
    assert "put together, by /collector/traj_ids" in assumed(log)
    by_trajectory = {name: array.reshape(12, *array.shape[2:]) for name, array in entries.items()}
    whole_rows = {name: array[[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 5]] for name, array in by_trajectory.items()}
    found = [episode["actions"][:-1].tolist() for episode in episodes(log)]
    expected = [whole_rows["agents/action"][cut][..., None].tolist() for cut in (slice(0, 5), slice(5, 8))]
    assert found[:2] == expected
    assert sorted(log.episodes.length.tolist()) == [1, 3, 3, 5]
    assert "though no flag is set" not in assumed(log)


def test_without_observations_the_order_is_taken_as_it_is_and_that_is_said(tmp_path):
    entries = {name: array for name, array in rollout([[0, 1, 0]]).items() if "observation" not in name}
    log = opened(write_h5(tmp_path / "log.h5", entries))
    assert (log.episodes.length.tolist(), log.episodes.rows.tolist()) == ([2, 1], [2, 1])
    assert "no observation tells" in assumed(log)


def test_flags_of_agents_end_an_episode_together_where_there_are_no_others(tmp_path):
    done = np.array([[[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]]], bool)[..., None]
    truncated = np.array([[[0, 0], [0, 0], [1, 1], [0, 0], [0, 0], [0, 0]]], bool)[..., None]
    entries = rollout(done.all(axis=2)[..., 0])
    for flag in ("done", "terminated", "truncated"):
        entries.pop(f"next/{flag}")
    entries.pop("done")
    entries |= {
        "next/agents/done": done,
        "next/agents/terminated": done & ~truncated,
        "next/agents/truncated": truncated,
    }
    log = opened(write_h5(tmp_path / "log.h5", entries))
    # The first agent was terminated a step before the second one's time was up.
    assert log.episodes.length.tolist() == [3, 2, 1]
    assert log.episodes.end.tolist() == [U, T, C]


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_whatever_the_flags_episodes_are_the_rows_between_them(tmp_path_factory, data):
    n_envs, n_rows = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 8))
    flags = st.lists(st.booleans(), min_size=n_envs * n_rows, max_size=n_envs * n_rows)
    done = np.array(data.draw(flags), bool).reshape(n_envs, n_rows)
    truncated = np.array(data.draw(flags), bool).reshape(n_envs, n_rows) & done
    entries = rollout(done, truncated=truncated)
    log = opened(write_h5(tmp_path_factory.mktemp("rows") / "log.h5", entries))
    spans, ends = [], []
    for env in range(n_envs):
        start = 0
        for row in range(n_rows):
            if done[env, row] or row == n_rows - 1:
                spans.append((env, start, row + 1))
                ends.append((U if truncated[env, row] else T) if done[env, row] else C)
                start = row + 1
    check_rows(log, entries, spans)
    assert log.episodes.end.tolist() == ends
