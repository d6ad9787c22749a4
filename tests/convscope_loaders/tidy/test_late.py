"""Rewards beside the observation that came with them are those of the row before, and a table tells so or is asked."""

import numpy as np
import pytest

from convscope.ingest.mapping_file import read_mapping
from convscope.values.status import Status
from tests.convscope_loaders.table.rows import opened, whole, write

T, AGENTS = 4, "ab"


def rows_of(*, has_action, reward_of):
    """Two episodes of five rows of two agents; ``reward_of`` gives the reward in row t, None for an empty cell."""
    return [
        {
            "episode": episode,
            "t": t,
            "agent": agent,
            "action": t % 2 if has_action(t) else None,
            "obs": 10 * episode + t,
            "reward": reward_of(t),
        }
        for episode in range(2)
        for t in range(T + 1)
        for agent in AGENTS
    ]


def notices(log):
    return [notice.message for notice in log.header.notices if notice.code == "may-be-late"]


@pytest.mark.parametrize("first", [None, 0.0], ids=["empty", "zero"])
def test_rewards_that_come_with_the_last_observation_are_those_of_the_row_before(tmp_path, first):
    rows = rows_of(has_action=lambda t: t < T, reward_of=lambda t: float(t) if t else first)
    log = opened(write(tmp_path / "log.csv", rows))
    rewards = whole(log)[1]["rewards"].reshape(2, T + 1, 2)
    assert log.episodes.length.tolist() == [T, T]
    assert rewards[:, :T].tolist() == [[[t + 1.0, t + 1.0] for t in range(T)]] * 2
    assert np.isnan(rewards[:, T]).all()
    assert any("reward stands in the row after the action" in said for said in log.header.inputs[0].assumptions)
    assert not notices(log)


def test_an_empty_first_reward_is_told_and_a_mapping_says_what_it_is(tmp_path):
    path = write(tmp_path / "log.csv", rows_of(has_action=lambda t: True, reward_of=lambda t: float(t) if t else None))
    log = opened(path)
    [said] = notices(log)
    assert "reward is empty in the first row of every agent in every episode" in said
    assert "late = true under [table.fields.rewards]" in said
    mapping = tmp_path / "map.toml"
    text = 'convscope-mapping = 1\n[table.fields.rewards]\ncolumns = ["reward"]\nlate = {}\n'
    for late, expected in (("true", [1, 2, 3, 4, np.nan]), ("false", [np.nan, 1, 2, 3, 4])):
        mapping.write_text(text.format(late))
        told = opened(path, read_mapping(mapping))
        assert not notices(told)
        rewards = whole(told)[1]["rewards"].reshape(2, T + 1, 2)
        assert np.array_equal(rewards[1, :, 0], expected, equal_nan=True)


def test_actions_beside_what_they_led_to_are_told_and_move_by_a_mapping(tmp_path):
    rows = rows_of(has_action=lambda t: t > 0, reward_of=lambda t: float(t) if t else None)
    path = write(tmp_path / "log.csv", rows)
    assert any(said.startswith("action is empty in the first row") for said in notices(opened(path)))
    mapping = tmp_path / "map.toml"
    mapping.write_text('convscope-mapping = 1\n[table.fields.actions]\ncolumns = ["action"]\nlate = true\n')
    log = opened(path, read_mapping(mapping))
    status, columns = whole(log)
    assert log.episodes.length.tolist() == [T, T]
    assert (status.reshape(2, T + 1, 2)[:, T] == Status.WAITING).all()
    # The rewards beside them move along: some come with the last observation.
    assert columns["actions"].reshape(2, T + 1, 2)[0, :T, 0].tolist() == [1, 0, 1, 0]
    assert columns["rewards"].reshape(2, T + 1, 2)[0, :T, 0].tolist() == [1, 2, 3, 4]
    assert not notices(log)


def test_a_late_reward_of_the_team_moves_by_timesteps(tmp_path):
    rows = [
        {
            "episode": e,
            "t": t,
            "a_action": t % 2 if t < T else None,
            "b_action": 0 if t < T else None,
            "reward": t or None,
        }
        for e in range(2)
        for t in range(T + 1)
    ]
    rewards = whole(opened(write(tmp_path / "log.csv", rows)))[1]["team_rewards"].reshape(2, T + 1)
    assert rewards[:, :T].tolist() == [[1, 2, 3, 4]] * 2


def test_rewards_of_their_own_rows_stay(tmp_path):
    rows = rows_of(has_action=lambda t: t < T, reward_of=lambda t: float(t) if t < T else None)
    log = opened(write(tmp_path / "log.csv", rows))
    assert whole(log)[1]["rewards"].reshape(2, T + 1, 2)[0, :T, 0].tolist() == [0, 1, 2, 3]
    assert not notices(log)
