"""Rows that are whole episodes, or hold a list of agents, become rows of timesteps."""

import json

import numpy as np
import polars as pl
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.choice import choose
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.table import LOADER, unroll
from tests.convscope_loaders.table.rows import is_same, opened, whole, write

AGENTS = ("ann", "bob")
LENGTHS = (3, 2, 4)
TIDY = [
    {"episode": e, "t": t, "agent": agent, "action": (t + e + k) % 3, "reward": t / 2 + k, "obs": [t, e, k]}
    for e, length in enumerate(LENGTHS)
    for t in range(length)
    for k, agent in enumerate(AGENTS)
]


def of(episode, **wanted):
    return [
        row for row in TIDY if row["episode"] == episode and all(row[key] == value for key, value in wanted.items())
    ]


def by_steps(episode):
    steps = [
        {"t": t, **{f: {row["agent"]: row[f] for row in of(episode, t=t)} for f in ("action", "reward", "obs")}}
        for t in range(LENGTHS[episode])
    ]
    return {"episode": episode, "steps": steps}


def by_rows(episode):
    rows = [{name: value for name, value in row.items() if name != "episode"} for row in of(episode)]
    return {"seed": 7, "trajectory": rows}


def by_agents_in_steps(episode):
    named = [
        {"t": t, "agents": [{"id": row["agent"], **{f: row[f] for f in ("action", "reward", "obs")}} for row in rows]}
        for t, rows in ((t, of(episode, t=t)) for t in range(LENGTHS[episode]))
    ]
    return {"episode": episode, "steps": named}


def by_lists(episode):
    return (
        {"ep": episode}
        | {
            f"{f}s": {agent: [row[f] for row in of(episode, agent=agent)] for agent in AGENTS}
            for f in ("action", "reward", "ob")
            if f != "ob"
        }
        | {"observations": {agent: [row["obs"] for row in of(episode, agent=agent)] for agent in AGENTS}}
    )


@pytest.mark.parametrize("make", [by_steps, by_rows, by_agents_in_steps, by_lists])
@pytest.mark.parametrize("form", ["lines", "list", "document", "parquet", "arrow"])
def test_an_object_for_each_episode_is_read_as_its_timesteps(tmp_path, make, form):
    expected = opened(write(tmp_path / "plain.jsonl", TIDY))
    episodes = [make(episode) for episode in range(3)]
    ending = {"lines": "jsonl", "parquet": "parquet", "arrow": "arrow"}.get(form, "json")
    path = tmp_path / f"log.{ending}"
    if form == "lines":
        write(path, episodes)
    elif form == "parquet":
        pl.DataFrame(episodes).write_parquet(path)
    elif form == "arrow":
        pl.DataFrame(episodes).write_ipc(path)
    else:
        path.write_text(json.dumps(episodes if form == "list" else {"env": "x", "episodes": episodes}, indent=1))
    assert choose(probe(path, path.name), [LOADER]).loader is LOADER
    log = opened(path)
    assert is_same(log, expected)
    assert "lists-as-rows" in {notice.code for notice in log.header.notices}


def test_lists_of_all_agents_are_read_as_arrays(tmp_path):
    rows = [
        {"actions": [[t % 2, 1] for t in range(length)], "rewards": [[0.0, t] for t in range(length)]}
        for length in LENGTHS
    ]
    log = opened(write(tmp_path / "log.jsonl", rows))
    assert (log.episodes.length.tolist(), len(log.header.agents)) == (list(LENGTHS), 2)
    assert whole(log)[1]["rewards"][:3].tolist() == [[0, 0], [0, 1], [0, 2]]
    same = [{key: value[:2] for key, value in row.items()} for row in rows]
    assert opened(write(tmp_path / "same.jsonl", same)).episodes.length.tolist() == [2, 2, 2]


def test_an_agent_with_shorter_lists_is_out_of_the_game_and_one_observation_more_is_the_last(tmp_path):
    rows = [
        {
            "actions": {"ann": [0, 1, 2, 0], "bob": [1, 1]},
            "rewards": {"ann": [0, 0, 0, 1], "bob": [0, 0]},
            "obs": {"ann": [[t, 1] for t in range(5)], "bob": [[t, 2] for t in range(2)]},
            "terminated": True,
        }
    ]
    log = opened(write(tmp_path / "log.jsonl", rows))
    assert (log.episodes.length.tolist(), log.episodes.rows.tolist()) == ([4], [5])
    assert log.episodes.end.tolist() == [EndKind.TERMINATED]
    status, columns = whole(log)
    assert status[:, 1].tolist() == [Status.ACTING, Status.ACTING, Status.DEAD, Status.DEAD, Status.DEAD]
    assert np.array_equal(columns["observations"][4], [[4, 1], [np.nan, np.nan]], equal_nan=True)


def test_rows_of_one_agent_and_episode_each_are_unrolled(tmp_path):
    rows = [
        {"episode": e, "agent": a, "actions": [row["action"] for row in of(e, agent=a)], "rewards": [0] * LENGTHS[e]}
        for e in range(3)
        for a in AGENTS
    ]
    log = opened(write(tmp_path / "log.jsonl", rows))
    assert log.episodes.length.tolist() == list(LENGTHS)
    assert whole(log)[1]["actions"][:3, :, 0].tolist() == [[0, 1], [1, 2], [2, 0]]


def test_lists_of_one_timestep_stay_vectors(tmp_path):
    rows = [
        {"t": t, "a.action": [0.5, t], "b.action": [1, 2], "a.obs": [1, 2, 3], "b.obs": [3, 2, 1]} for t in range(3)
    ]
    log = opened(write(tmp_path / "log.jsonl", rows))
    assert (log.episodes.length.tolist(), log.header.field("actions").shape) == ([3], (2,))


def test_two_lists_of_objects_are_refused_with_both_names(tmp_path):
    rows = [{"episode": 0, "steps": [{"action": 1}], "frames": [{"obs": [1]}]}]
    with pytest.raises(LogFormatError, match="steps and frames each hold lists of objects"):
        opened(write(tmp_path / "log.jsonl", rows))


def test_what_is_said_once_of_an_episode_is_left_out_where_it_means_a_step(tmp_path):
    rows = [{"episode": 0, "reward": 9.5, "steps": [{"agent": "a", "action": t, "reward": 1} for t in range(3)]}]
    log = opened(write(tmp_path / "log.jsonl", rows))
    assert whole(log)[1]["rewards"].ravel().tolist() == [1, 1, 1]
    assert any("left out: reward" in notice.message for notice in log.header.notices)


def test_steps_of_nobody_are_ambiguous(tmp_path):
    rows = [{"episode": e, "actions": [0] * (2 + e), "rewards": [1] * (2 + e)} for e in range(2)]
    with pytest.raises(AmbiguousLogError, match="no column says which agent"):
        opened(write(tmp_path / "log.jsonl", rows))


def test_lists_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unroll, "MAX_CELLS", 1000)
    row = {"episode": 0, "steps": [{"agent": "a", "action": 1}] * 50}
    path = tmp_path / "log.jsonl"
    with pytest.raises(LogFormatError, match="its lists are 50 rows, and"):
        opened(write(path, [{**row, **{f"note_{k}": k for k in range(30)}}]))
