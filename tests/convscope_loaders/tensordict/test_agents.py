"""Groups of agents come together with their names, and the flags say who acts, waits or is out of the game."""

import h5py
import numpy as np
import pytest

from convscope.values.header import ActionKind, ActionSpace
from convscope.values.status import EndKind, Status
from tests.convscope_loaders.tensordict.rollouts import DATA, assumed, episodes, opened, rollout, whole, write_h5

A, W, D = Status.ACTING, Status.WAITING, Status.DEAD


def status_of(log):
    block = whole(log)
    return [block.status[block.offsets[e] : block.offsets[e + 1]].T.tolist() for e in range(len(block.episodes))]


def test_genuine_groups_of_different_spaces_are_one_team():
    log = opened(DATA / "rollout_hetero.h5")
    assert [agent.name for agent in log.header.agents] == ["listener", "speaker"]
    assert [agent.action_space.n for agent in log.header.agents] == [(5,), (3,)]
    assert log.header.agents[0].group != log.header.agents[1].group
    assert log.header.field("observations").widths == (11, 3)
    assert "called after their groups and slots: listener (1), speaker (1)" in assumed(log)
    assert log.episodes.length.tolist() == [6, 6]
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED] * 2
    with h5py.File(DATA / "rollout_hetero.h5") as file:
        for number, found in enumerate(episodes(log)):
            rows = slice(6 * number, 6 * number + 6)
            for slot, group in enumerate(("listener", "speaker")):
                before, after = file[f"{group}/observation"][rows, 0], file[f"next/{group}/observation"][rows, 0]
                width = before.shape[1]
                np.testing.assert_array_equal(found["observations"][:-1, slot, :width], before)
                np.testing.assert_array_equal(found["observations"][-1, slot, :width], after[-1])
                assert np.isnan(found["observations"][:, slot, width:]).all()
                np.testing.assert_array_equal(found["actions"][:-1, slot, 0], file[f"{group}/action"][rows, 0])
                np.testing.assert_array_equal(found["rewards"][:-1, slot], file[f"next/{group}/reward"][rows, 0, 0])


def test_genuine_groups_of_several_agents_are_named_by_slot_and_share_the_state():
    log = opened(DATA / "tag.h5")
    assert [agent.name for agent in log.header.agents] == ["adversary_0", "adversary_1", "adversary_2", "agent"]
    assert log.header.field("observations").widths == (16, 16, 16, 14)
    with h5py.File(DATA / "tag.h5") as file:
        first, second = episodes(log)
        np.testing.assert_array_equal(first["state"], [*file["state"][:5], file["next/state"][4]])
        np.testing.assert_array_equal(second["actions"][:-1, :3, 0], file["adversary/action"][5:])


@pytest.mark.parametrize("name", ["deaths.h5", "deaths_onehot.h5"])
def test_genuine_deaths_are_told_by_the_mask(name):
    log = opened(DATA / name)
    assert [agent.name for agent in log.header.agents] == ["scout_0", "scout_1", "tank"]
    assert {agent.action_space for agent in log.header.agents} == {ActionSpace(kind=ActionKind.DISCRETE, n=(3,))}
    assert log.episodes.length.tolist() == [3, 6, 3, 2]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.TRUNCATED, EndKind.TERMINATED, EndKind.CUT]
    # Lives as the environment sets them: of 3, 1, 3 steps and of 2, 4, 9, under a limit of 6.
    assert status_of(log) == [
        [[A, A, A, W], [A, D, D, D], [A, A, A, W]],
        [[A, A, D, D, D, D, D], [A, A, A, A, D, D, D], [A, A, A, A, A, A, W]],
        [[A, A, A, W], [A, D, D, D], [A, A, A, W]],
        [[A, A, W], [A, A, W], [A, A, W]],
    ]
    with h5py.File(DATA / name) as file:
        action, tank = file["scout/action"][:3], file["tank/action_mask"][:3]
        numbers = action if action.ndim == 2 else action.argmax(axis=2)
    first = episodes(log)[0]
    np.testing.assert_array_equal(first["actions"][:-1, :2, 0], numbers)
    np.testing.assert_array_equal(first["action_masks"][:-1, 2], tank[:, 0])
    # The scouts' parts of the observation have three numbers, 100 for the round, 10 for the slot, 1 for the step.
    assert first["observations"][:, 0].tolist()[-1][:3] == [103, 103, 103]
    assert first["observations"][:, 2, 4].tolist() == [120, 121, 122, 123]


def test_genuine_turns_are_waited_for():
    log = opened(DATA / "turns.h5")
    assert [agent.name for agent in log.header.agents] == ["blue_0", "red_0"]
    assert status_of(log) == [
        [[W, A, W, A, W, W], [A, W, A, W, A, W]],
        [[W, A, W, A, W, W], [A, W, A, W, A, W]],
        [[W, A, W], [A, W, W]],
    ]
    assert "take turns" in assumed(log)


def with_flags(**flags):
    """A rollout of one episode of four steps with flags of two agents."""
    entries = rollout([[0, 0, 0, 1]])
    return entries | {name.replace("__", "/"): np.array([rows], bool) for name, rows in flags.items()}


def test_without_a_mask_an_agent_is_out_of_the_game_once_its_own_flag_is_set(tmp_path):
    done = [[[0], [0]], [[0], [0]], [[1], [0]], [[1], [0]]]
    log = opened(write_h5(tmp_path / "log.h5", with_flags(agents__done=done)))
    assert status_of(log) == [[[A, A, D, D, D], [A, A, A, A, W]]]
    assert "out of the game once its own done" in assumed(log)


def test_in_turns_the_dead_are_told_from_those_who_wait(tmp_path):
    done = [[[0], [0]], [[0], [0]], [[0], [1]], [[0], [1]]]
    turn = [[1, 0], [0, 1], [1, 0], [1, 0]]
    log = opened(write_h5(tmp_path / "log.h5", with_flags(agents__done=done, agents__mask=turn)))
    assert status_of(log) == [[[A, W, A, A, W], [W, A, D, D, D]]]


def test_flags_that_never_tell_agents_apart_change_nothing(tmp_path):
    log = opened(write_h5(tmp_path / "log.h5", with_flags(agents__done=np.zeros((4, 2, 1)))))
    assert status_of(log) == [[[A, A, A, A, W]] * 2]
    assert "own done" not in assumed(log)


def test_a_group_without_an_axis_of_agents_is_one_agent(tmp_path):
    entries = rollout([[0, 0, 1, 0]])
    single = {
        name.replace("agents", group): array[:, :, slot] if "agents" in name else array
        for slot, group in enumerate(("left", "right"))
        for name, array in entries.items()
    }
    log = opened(write_h5(tmp_path / "log.h5", single))
    assert [agent.name for agent in log.header.agents] == ["left", "right"]
    expected = episodes(opened(write_h5(tmp_path / "both.h5", entries)))
    for one, other in zip(episodes(log), expected, strict=True):
        for name in ("actions", "observations", "rewards"):
            np.testing.assert_array_equal(one[name], other[name])


def test_nested_groups_and_groups_of_one_called_agents_are_named(tmp_path):
    entries = rollout([[0, 1]], n_agents=1)
    nested = {name.replace("agents/", "agents/player_7/"): array for name, array in entries.items()}
    assert [a.name for a in opened(write_h5(tmp_path / "log.h5", nested)).header.agents] == ["player_7"]
    assert [a.name for a in opened(write_h5(tmp_path / "one.h5", entries)).header.agents] == ["agent_0"]


def test_a_key_that_one_group_lacks_is_missing_for_its_agents(tmp_path):
    entries = rollout([[0, 0, 1]], n_agents=3)
    split = {
        name.replace("agents", group): array[:, :, part] if "agents" in name else array
        for group, part in (("a", slice(0, 2)), ("b", slice(2, 3)))
        for name, array in entries.items()
    }
    split["a/info/fuel"] = np.arange(6.0).reshape(1, 3, 2)
    (found,) = episodes(opened(write_h5(tmp_path / "log.h5", split)))
    np.testing.assert_array_equal(found["info/fuel"][:3, :2], np.arange(6).reshape(3, 2))
    assert np.isnan(found["info/fuel"][:, 2]).all()
