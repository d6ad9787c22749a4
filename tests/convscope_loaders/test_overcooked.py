"""Overcooked-AI: states before the joint action beside them, layouts as conditions, pairs of people as runs."""

import gzip
import json
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.overcooked import LOADER
from tests.convscope_loaders.pickles import Mark, old_frame_pickle
from tests.convscope_loaders.reading import joined as whole
from tests.convscope_loaders.reading import opened_by

DATA = Path(__file__).parents[1] / "data" / "overcooked_ai"
RECORDED = DATA / "random_cramped_room.json"
HUMANS = DATA / "human_trials_extract.jsonl.gz"
ACTIONS = ("north", "south", "east", "west", "stay", "interact")
MOVES = {(0, -1): "north", (0, 1): "south", (1, 0): "east", (-1, 0): "west", (0, 0): "stay"}


opened = partial(opened_by, LOADER)


def word(action):
    return "interact" if action in ("interact", "INTERACT") else MOVES[tuple(action)]


def human_rows():
    with gzip.open(HUMANS) as lines:
        return [json.loads(line) for line in lines]


def test_a_saved_trajectory_holds_its_episodes_with_positions_hands_and_pots():
    content = json.loads(RECORDED.read_bytes())
    log = opened(RECORDED)
    assert log.episodes.length.tolist() == content["ep_lengths"] == [60, 60, 60]
    assert log.episodes.conditions == ("cramped_room",)
    assert log.episodes.runs == (RECORDED.name,)
    # env_params say that the horizon is 60.
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED] * 3
    assert [agent.name for agent in log.header.agents] == ["player_0", "player_1"]
    status, columns = whole(log)
    assert (status == Status.ACTING).all()
    assert log.header.field("actions").values == ACTIONS
    read = [[ACTIONS[int(code)] for code in row] for row in columns["actions"][..., 0]]
    assert read == [[word(action) for action in joint] for episode in content["ep_actions"] for joint in episode]
    states = [state for episode in content["ep_states"] for state in episode]
    positions = [[player["position"] for player in state["players"]] for state in states]
    assert columns["positions"].tolist() == positions
    held = log.header.field("info/held").values
    hands = [[(player["held_object"] or {"name": "none"})["name"] for player in state["players"]] for state in states]
    assert [[held[int(code)] for code in row] for row in columns["info/held"]] == hands
    assert Counter(name for row in hands for name in row)["dish"] > 0
    # The map shows one pot, at (2, 0).
    soups = [[thing for thing in state["objects"] if thing["name"] == "soup"] for state in states]
    amounts = [len(found[0]["_ingredients"]) if found and found[0]["position"] == [2, 0] else 0 for found in soups]
    assert columns["info/pots"][:, 0].tolist() == amounts
    assert columns["team_rewards"].tolist() == [r for episode in content["ep_rewards"] for r in episode]


def test_human_trials_are_runs_of_their_pairs_and_end_by_their_clock():
    rows = human_rows()
    log = opened(HUMANS)
    assert log.episodes.length.tolist() == [1204, 1204]
    assert log.episodes.runs == ("pair_1", "pair_2")
    assert log.episodes.conditions == ("cramped_room",)
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED] * 2
    _, columns = whole(log)
    read = [[ACTIONS[int(code)] for code in row] for row in columns["actions"][..., 0]]
    assert read == [[word(action) for action in row["joint_action"]] for row in rows]
    assert columns["team_rewards"].tolist() == [row["reward"] for row in rows]
    assert columns["info/score"].tolist() == [row["score"] for row in rows]
    # Row 300 by hand: dish and onion in hands, three onions cooking for 11 ticks in the pot at (2, 0).
    assert columns["info/held"][300].tolist() == [2, 1]
    assert columns["info/pots"][300].tolist() == [3, 11]
    assert columns["positions"][300].tolist() == [[2, 1], [3, 1]]
    assert columns["info/orientation"][300].tolist() == [[0, -1], [1, 0]]


def test_rows_of_trials_may_come_in_any_order(tmp_path):
    rows = human_rows()
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    path = tmp_path / "trials.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in shuffled))
    ours, theirs = opened(path), opened(HUMANS)
    assert sorted(ours.episodes.runs) == sorted(theirs.episodes.runs)
    # The pair whose row comes first has the first trial.
    first = whole(ours)[1]["actions"][:1204]
    assert any(np.array_equal(first, whole(theirs)[1]["actions"][start : start + 1204]) for start in (0, 1204))


def as_study(rows):
    """Return columns as the study's own table has them: texts as Python writes them."""
    return {
        "cur_gameloop": [row["cur_gameloop"] for row in rows],
        "reward": [row["reward"] for row in rows],
        "time_left": [row["time_left"] for row in rows],
        "workerid_num": [row["workerid_num"] for row in rows],
        "layout_name": [row["layout_name"] for row in rows],
        "layout": ["['XXPXX', 'O  2O', 'X1  X', 'XDXSX']" for _ in rows],
        "state": [str(row["state"]) for row in rows],
        "joint_action": [str(row["joint_action"]).replace("interact", "INTERACT") for row in rows],
        "is_leader_name": ["x" for _ in rows],
    }


def test_a_pickled_table_is_read_only_where_it_is_trusted(tmp_path):
    rows = human_rows()[290:330]
    path = tmp_path / "clean_train_trials.pickle"
    path.write_bytes(old_frame_pickle(as_study(rows)))
    assert LOADER.sniff(probe(path, path.name)).score == 0.9
    with pytest.raises(RefusedFileError, match="give --trust-pickle"):
        opened(path)
    columns = whole(opened(path, trusts_pickle=True))[1]
    assert columns["info/pots"][10].tolist() == [3, 11]
    assert columns["positions"].tolist() == [[p["position"] for p in row["state"]["players"]] for row in rows]


def test_a_pickled_table_that_asks_for_more_is_refused_even_where_it_is_trusted(tmp_path):
    path, mark = tmp_path / "trials.pickle", tmp_path / "mark"
    path.write_bytes(old_frame_pickle(as_study(human_rows()[:3]), extra=Mark(mark)))
    with pytest.raises(RefusedFileError):
        opened(path)
    with pytest.raises(LogFormatError, match="only arrays and plain values are allowed"):
        opened(path, trusts_pickle=True)
    assert not mark.exists()
    path.write_bytes(old_frame_pickle({"joint_action": ["[[0, 0], [0, 0]]"]}))
    with pytest.raises(LogFormatError, match="row 0"):
        opened(path, trusts_pickle=True)


def test_the_study_as_csv_says_the_same(tmp_path):
    rows = human_rows()[290:330]
    path = tmp_path / "trials.csv"
    pl.DataFrame(as_study(rows)).write_csv(path)
    assert whole(opened(path))[1]["info/pots"][10].tolist() == [3, 11]


def changed(**changes):
    content = json.loads(RECORDED.read_bytes())
    return json.dumps(content | changes)


@pytest.mark.parametrize(
    "text",
    [
        '{"ep_states": 3}',
        '{"ep_states": []}',
        '{"ep_states": [[]], "ep_actions": [[]], "ep_rewards": [[]], "ep_dones": [[]]}',
        '{"ep_states": [[1]], "ep_actions": [[1]], "ep_rewards": [[1]], "ep_dones": [[1]]}',
        '{"ep_states": [[', '{"ep_states": ' + "[" * 100_000,
        '{"ep_states": ' + "9" * 10_000 + "}",
        changed(ep_actions=[[]]),
        changed(ep_rewards=[["x"] * 60] * 3),
        changed(ep_actions=[[[[1, 1], "interact"]] * 60] * 3),
        changed(ep_actions=[[["jump", "interact"]] * 60] * 3),
        changed(ep_actions=[[["interact"]] * 60] * 3),
        changed(mdp_params=[{"terrain": 3}] * 3),
        changed(mdp_params=[{"terrain": ["P" * 100_000]}] * 3),
        changed(ep_states=[[{"players": [{"position": [1e999, 0]}], "objects": []}] * 60] * 3),
    ],
)  # fmt: skip
def test_what_is_no_trajectory_is_an_error_in_a_line(tmp_path, text):
    path = tmp_path / "trajectory.json"
    path.write_text(text)
    with pytest.raises(LogFormatError) as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_lines_that_are_cut_and_archives_that_are_broken_are_errors_in_a_line(tmp_path):
    path = tmp_path / "trials.jsonl.gz"
    path.write_bytes(HUMANS.read_bytes()[:-500])
    with pytest.raises(LogFormatError, match="broken gzip archive"):
        opened(path)
    lines = gzip.decompress(HUMANS.read_bytes())
    path = tmp_path / "trials.jsonl"
    path.write_bytes(lines[:5000])
    with pytest.raises(LogFormatError, match="it may have been cut"):
        opened(path)
    path.write_bytes(lines.replace(b'"players"', b'"cooks"', 5))
    with pytest.raises(LogFormatError, match="row 0"):
        opened(path)


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("convscope_loaders.overcooked.humans.MAX_PARSED_BYTES", 1 << 20)
    path = tmp_path / "trials.jsonl.gz"
    line = json.dumps(human_rows()[0]).encode()
    path.write_bytes(gzip.compress(line + b"\n" + b" " * (4 << 20)))
    with pytest.raises(LogFormatError, match="unpacks to more than 1 MiB"):
        opened(path)
