"""Rows that hold only metrics, as trackers log them between the steps, are no timesteps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from tests.convscope_loaders.table.rows import is_same, opened, whole, without, write


def joint_rows(n_episodes=3, n_steps=4):
    """A row per joint step of two agents, with a clock that runs on as trackers have it."""
    steps = [(episode, t) for episode in range(n_episodes) for t in range(n_steps)]
    return [
        {
            "_step": 3 * number,
            "_runtime": number / 10,
            "episode": episode,
            "agent_0_action": (episode + t) % 3,
            "agent_1_action": t % 2,
            "agent_0_reward": 0.5 * t,
            "agent_1_reward": 1.0,
            "done": int(t == n_steps - 1),
        }
        for number, (episode, t) in enumerate(steps)
    ]


def with_metrics(rows, places, **metrics):
    """Rows of metrics behind some of the steps."""
    found = []
    for place, row in enumerate(rows):
        found.append(row)
        if place in places:
            found.append({"_step": row["_step"] + 1, "_runtime": row["_runtime"] + 0.05} | metrics)
    return found


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize("left_out", [("episode",), ("done",)], ids=["ended", "numbered"])
def test_rows_of_metrics_are_left_out_and_counted(tmp_path, ending, left_out):
    rows = without(joint_rows(), *left_out)
    plain = opened(write(tmp_path / f"plain{ending}", rows))
    log = opened(write(tmp_path / f"sparse{ending}", with_metrics(rows, (1, 3, 8), loss=0.25, agent_0_entropy=1)))
    (status, columns), (plain_status, plain_columns) = whole(log), whole(plain)
    assert log.episodes.length.tolist() == plain.episodes.length.tolist() == [4, 4, 4]
    assert np.array_equal(status, plain_status)
    assert np.array_equal(columns["actions"], plain_columns["actions"])
    [notice] = [notice for notice in log.header.notices if notice.code == "left-out-metric-rows"]
    assert notice.message.startswith("3 of 15 rows are no timesteps")
    assert "agent_0_entropy, loss" in notice.message
    assert not [spec.name for spec in log.header.fields if "loss" in spec.name or "entropy" in spec.name]


def test_rows_of_metrics_need_no_agent_and_no_timestep(tmp_path):
    rows = [
        {"episode": episode, "t": t, "agent": agent, "action": t % 2, "reward": 1.0}
        for episode in range(2)
        for t in range(3)
        for agent in "ab"
    ]
    log = opened(write(tmp_path / "sparse.csv", [*rows[:4], {"loss": 0.5}, *rows[4:], {"loss": 0.25}]))
    assert is_same(log, opened(write(tmp_path / "plain.csv", rows)))
    assert "2 of 14 rows" in log.header.notices[0].message


def test_a_value_that_steps_have_too_makes_a_row_a_step(tmp_path):
    # Nobody acts in the third frame, and the wind is known.
    rows = without(joint_rows(), "_runtime")
    blank = {"_step": rows[2]["_step"], "episode": 0, "wind": 3.0}
    log = opened(write(tmp_path / "log.csv", [row | {"wind": 1.0} for row in rows[:2]] + [blank, *rows[3:]]))
    assert log.episodes.length.tolist() == [4, 4, 4]


def test_errors_name_the_row_of_the_file(tmp_path):
    rows = with_metrics(joint_rows(), (0, 1), loss=0.5)
    rows[5] = rows[5] | {"episode": None}
    with pytest.raises(LogFormatError, match="row 5 has no episode"):
        opened(write(tmp_path / "log.csv", rows))


@settings(max_examples=25)
@given(places=st.sets(st.integers(0, 11)))
def test_wherever_metrics_stand_the_log_is_the_same(tmp_path_factory, places):
    folder = tmp_path_factory.mktemp("metrics")
    rows = without(joint_rows(), "_step", "_runtime")
    sparse = []
    for place, row in enumerate(rows):
        sparse += [row, {"loss": 1.5}] if place in places else [row]
    assert is_same(opened(write(folder / "sparse.jsonl", sparse)), opened(write(folder / "plain.jsonl", rows)))
