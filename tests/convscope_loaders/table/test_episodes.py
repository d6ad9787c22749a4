"""What tells the episodes of a table apart: a column that says so, whatever the clock does, or an error."""

import pytest

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping import LogMapping
from convscope.ingest.table_mapping import TableMapping
from tests.convscope_loaders.table.rows import is_same, opened, whole, without, write

# Two runs of three episodes of 3, 2 and 4 steps of two agents.
ROWS = [
    {"seed": seed, "episode": episode, "t": t, "agent": agent, "action": (t + episode + slot) % 3, "phase": t // 2}
    for seed in (0, 1)
    for episode, length in enumerate((3, 2, 4))
    for t in range(length)
    for slot, agent in enumerate(("ann", "bob"))
]
STARTS = (0, 3, 5)
ONE_RUN = [row for row in ROWS if row["seed"] == 0]


def running_on(rows, clock="step"):
    """The same rows with a clock that goes on through the episodes of a run."""
    return [{**without([row], "t")[0], clock: STARTS[row["episode"]] + row["t"]} for row in rows]


@pytest.mark.parametrize("clock", ["step", "_step", "global_step", "total_steps", "timestep"])
@pytest.mark.parametrize("order", ["by time", "by agent", "backwards"])
def test_a_column_of_episodes_counts_though_the_clock_runs_on(tmp_path, clock, order):
    expected = opened(write(tmp_path / "plain.csv", ONE_RUN))
    rows = running_on(ONE_RUN, clock)
    rows = {"by time": rows, "by agent": sorted(rows, key=lambda row: row["agent"]), "backwards": rows[::-1]}[order]
    found = opened(write(tmp_path / "log.csv", rows))
    assert sorted(found.episodes.length.tolist()) == [2, 3, 4]
    if order != "backwards":
        assert is_same(found, expected)
    assert any("does not start again with each episode" in said for said in found.header.inputs[0].assumptions)


def test_runs_and_values_of_steps_are_told_apart_though_the_clock_runs_on(tmp_path):
    expected = opened(write(tmp_path / "plain.csv", ROWS))
    found = opened(write(tmp_path / "log.csv", running_on(ROWS)))
    assert is_same(found, expected)
    assert found.episodes.runs == ("seed_0", "seed_1")
    assert found.header.field("info/phase").path == "/phase"
    assert any("phase changes within episodes" in said for said in found.header.inputs[0].assumptions)


def test_environments_side_by_side_may_share_a_clock_that_runs_on(tmp_path):
    rows = [{**without([row], "seed")[0], "env_id": row["seed"]} for row in ROWS]
    interleaved = sorted(running_on(rows), key=lambda row: row["step"])
    found = opened(write(tmp_path / "log.csv", interleaved))
    assert sorted(found.episodes.length.tolist()) == [2, 2, 3, 3, 4, 4]


def test_a_mapping_may_name_a_column_that_tells_episodes_apart_twice(tmp_path):
    path = write(tmp_path / "log.csv", [{**row, "env_id": row["seed"]} for row in without(ROWS, "phase")])
    mapping = LogMapping(table=TableMapping(run="seed", episode=("seed", "env_id", "episode", "episode")))
    log = opened(path, mapping)
    assert log.episodes.length.tolist() == [3, 2, 4, 3, 2, 4]
    assert log.episodes.runs == ("seed_0", "seed_1")


@pytest.mark.parametrize("first", [lambda e: 5 + e, lambda e: 2 - e, lambda e: int(e == 1)])
def test_the_clock_may_start_anywhere_where_a_column_tells_the_episodes(tmp_path, first):
    rows = [{**row, "t": first(row["episode"]) + row["t"]} for row in ONE_RUN]
    assert is_same(opened(write(tmp_path / "log.csv", rows)), opened(write(tmp_path / "plain.csv", ONE_RUN)))


def test_an_episode_number_that_moves_on_a_row_too_early_is_ambiguous_with_both_readings(tmp_path):
    is_last = {(0, 2), (1, 1), (2, 3)}
    rows = [{**row, "episode": row["episode"] + ((row["episode"], row["t"]) in is_last)} for row in ONE_RUN]
    path = write(tmp_path / "log.csv", rows)
    with pytest.raises(
        AmbiguousLogError, match=r"log.csv: row 6 is the first where .*ignore = \[\"episode\"\]"
    ) as caught:
        opened(path)
    assert 'episode = ["episode"]' in caught.value.mapping
    assert opened(path, LogMapping(ignore=("episode",))).episodes.length.tolist() == [3, 2, 4]


def test_episode_numbers_that_come_back_are_told_apart_by_another_column(tmp_path):
    rows = [
        {"phase": p, "episode": e, "step": 6 * p + 3 * e + t, "agent": a, "action": t}
        for p in (0, 1)
        for e in (0, 1)
        for t in range(3)
        for a in "ab"
    ]
    assert opened(write(tmp_path / "log.csv", rows)).episodes.length.tolist() == [3] * 4
    rows = [{"part" if name == "phase" else name: value for name, value in row.items()} for row in rows]
    path = write(tmp_path / "less.csv", rows)
    with pytest.raises(AmbiguousLogError, match="row 12 is the first where episode and the clock"):
        opened(path)
    mapping = LogMapping(table=TableMapping(episode=("part", "episode")))
    assert opened(path, mapping).episodes.length.tolist() == [3] * 4


def test_rounds_within_an_episode_are_no_episodes(tmp_path):
    rows = [{**row, "round": row["t"] // 2} for row in without(ONE_RUN, "episode", "phase")]
    log = opened(write(tmp_path / "log.csv", rows))
    assert log.episodes.length.tolist() == [3, 2, 4]
    assert log.header.field("info/round") is not None
    assert any("round changes within episodes" in said for said in log.header.inputs[0].assumptions)


def test_a_clock_that_runs_on_counts_joint_steps_of_wide_tables(tmp_path):
    joint = {}
    for row in running_on(ONE_RUN):
        key = row["episode"], row["step"]
        joint.setdefault(key, {"episode": key[0], "_step": key[1]})[f"{row['agent']}_action"] = row["action"]
    log = opened(write(tmp_path / "log.csv", list(joint.values())))
    assert log.episodes.length.tolist() == [3, 2, 4]
    assert whole(log)[1]["actions"][3:5, :, 0].tolist() == [[1, 2], [2, 0]]


@pytest.mark.parametrize("name", ["env_id", "worker"])
def test_environments_in_turn_under_a_clock_that_runs_on_are_asked_about(tmp_path, name):
    rows = [
        {name: env, "step": 2 * t + env, "agent": agent, "action": t % 3, "reward": t % n, "done": t % n == n - 1}
        for t in range(30)
        for env, n in ((0, 10), (1, 15))
        for agent in "ab"
    ]
    with pytest.raises(AmbiguousLogError, match=f"rows of {name} come in turn"):
        opened(write(tmp_path / "log.csv", rows))
