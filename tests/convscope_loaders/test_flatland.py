"""Trajectories of Flatland: tables of events, each under its own time, joined to steps of trains."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.finding import find_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.flatland import LOADER
from tests.convscope_loaders.reading import joined as whole
from tests.convscope_loaders.reading import opened_by

DATA = Path(__file__).parents[1] / "data" / "flatland"
ACTIONS = "ActionEvents.discrete_action.tsv"
POSITIONS = "TrainMovementEvents.trains_positions.tsv"
OUTCOMES = "TrainMovementEvents.trains_rewards_dones_infos.tsv"


opened = partial(opened_by, LOADER)


def cells(path, name, keys):
    """Read a table by hand: the last column by episode, time and agent."""
    lines = (path / "event_logs" / name).read_text("utf-8").splitlines()
    return {tuple(map(int, line.split("\t")[1:3])): line.split("\t")[keys] for line in lines[1:]}


def test_an_action_belongs_to_the_state_before_it_and_a_position_to_the_state_it_left():
    log = opened(DATA / "trajectory")
    assert log.episodes.length.tolist() == [25]
    assert log.episodes.rows.tolist() == [26]
    assert log.episodes.end.tolist() == [EndKind.UNKNOWN]
    status, columns = whole(log)
    assert (status[:25] == Status.ACTING).all()
    assert (status[25] == Status.WAITING).all()
    actions = cells(DATA / "trajectory", ACTIONS, 3)
    assert [[str(int(a)) for a in row] for row in columns["actions"][:25, :, 0]] == [
        [actions[t, agent] for agent in range(3)] for t in range(25)
    ]
    # By hand: train 0 is at ((6, 7), 0) from env_time 17 on and at ((5, 7), 0) from 23 on; the others never leave.
    assert np.isnan(columns["positions"][:17]).all()
    assert columns["positions"][17:, 0].tolist() == [[6, 7]] * 6 + [[5, 7]] * 3
    assert np.isnan(columns["positions"][:, 1:]).all()
    assert columns["info/speed"][1].tolist() == [0.25, 1, 1]
    names = log.header.field("info/train_state").values
    assert names[int(columns["info/train_state"][17, 0])] == "moving"


def test_a_train_that_arrives_is_out_and_the_time_limit_is_told_from_an_arrival_of_all():
    log = opened(DATA / "timeout")
    assert log.episodes.length.tolist() == [61]
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED]
    status, columns = whole(log)
    # By hand: train 1 is done at env_time 38 for the first time.
    assert (status[:38] == Status.ACTING).all()
    assert (status[38:, 1] == Status.DEAD).all()
    assert (status[38:61, 0] == Status.ACTING).all()
    assert status[61, 0] == Status.WAITING
    assert np.isnan(columns["actions"][38:, 1]).all()
    ended = opened(DATA / "arrived")
    assert ended.episodes.length.tolist() == [29]
    assert ended.episodes.end.tolist() == [EndKind.TERMINATED]
    assert (whole(ended)[0][29] == Status.DEAD).all()


def test_a_reward_belongs_to_the_step_before_its_time():
    rewards = cells(DATA / "timeout", OUTCOMES, 3)
    columns = whole(opened(DATA / "timeout"))[1]
    assert columns["rewards"][:61, 0].tolist() == [float(rewards[t + 1, 0]) for t in range(61)]
    assert columns["rewards"][60, 0] < 0
    assert np.isnan(columns["rewards"][61]).all()


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(DATA / "timeout", tmp_path / "run")
    return tmp_path / "run"


def edit(folder, name, change):
    path = folder / "event_logs" / name
    path.write_text(change(path.read_text("utf-8")), "utf-8")


def test_episodes_of_one_folder_are_told_apart_in_the_order_of_their_actions(folder):
    for name in (ACTIONS, POSITIONS, OUTCOMES, "TrainMovementEvents.trains_arrived.tsv"):
        other = (DATA / "arrived" / "event_logs" / name).read_text("utf-8").split("\n", 1)[1]
        edit(folder, name, lambda text, other=other: text + other)
    log = opened(folder)
    assert log.episodes.length.tolist() == [61, 29]
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED, EndKind.TERMINATED]
    assert log.episodes.runs == ("run",)


def test_infos_that_were_read_and_written_again_say_the_same(folder):
    expected = whole(opened(folder))[1]
    edit(folder, OUTCOMES, lambda text: text.replace("Fraction(1, 1)", "1.0").replace("<TrainState.MOVING: 3>", "3"))
    found = whole(opened(folder))[1]
    assert all(np.array_equal(found[name], expected[name], equal_nan=True) for name in expected)


def test_infos_are_never_evaluated(folder, tmp_path):
    mark = tmp_path / "mark"
    evil = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    edit(folder, OUTCOMES, lambda text: text.replace("Fraction(1, 1)", evil))
    edit(folder, POSITIONS, lambda text: text.replace("((", f"({evil}, ("))
    log = opened(folder)
    assert not mark.exists()
    assert np.isnan(whole(log)[1]["info/speed"]).all()
    assert "left-out-positions" in {notice.code for notice in log.header.notices}


def test_without_the_optional_tables_actions_alone_are_a_log(folder):
    for name in (POSITIONS, OUTCOMES, "TrainMovementEvents.trains_arrived.tsv"):
        (folder / "event_logs" / name).unlink()
    log = opened(folder)
    assert log.episodes.length.tolist() == [61]
    assert log.episodes.end.tolist() == [EndKind.UNKNOWN]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (ACTIONS, lambda text: text.split("\n")[0] + "\n"),
        (ACTIONS, lambda text: ""),
        (ACTIONS, lambda text: text.replace("agent_id", "train")),
        (ACTIONS, lambda text: text + text.split("\n", 1)[1]),
        (ACTIONS, lambda text: text.replace("\t0\t", "\tx\t", 1)),
        (ACTIONS, lambda text: text[:100]),
        (OUTCOMES, lambda text: text.replace("\t1\t", "\t0\t")),
        (OUTCOMES, lambda text: text.replace("False", "maybe")),
        (POSITIONS, lambda text: text.replace("ep_10", "")),
        (POSITIONS, lambda text: "\x00" + text),
    ],
)
def test_damaged_tables_are_errors_in_a_line(folder, name, change):
    edit(folder, name, change)
    with pytest.raises(LogFormatError) as caught:
        opened(folder)
    assert "\n" not in str(caught.value)


def test_the_folder_is_found_and_a_single_table_names_it(folder):
    assert find_logs([folder.parent]) == [folder]
    assert LOADER.open(probe(folder / "event_logs", "event_logs"), None).episodes.length.tolist() == [61]
    with pytest.raises(LogFormatError, match="give the folder"):
        opened(folder / "event_logs" / ACTIONS)


def test_pickled_states_are_said_to_be_left_out(folder):
    (folder / "serialised_state").mkdir()
    (folder / "serialised_state" / "ep.pkl").write_bytes(b"\x80\x04.")
    assert "left-out-states" in {notice.code for notice in opened(folder).header.notices}
