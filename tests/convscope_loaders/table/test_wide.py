"""Tables with a row per joint step: the names of columns tell the agents apart, or a list holds an entry for each."""

import json

import numpy as np
import polars as pl
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.values.status import Status
from tests.convscope_loaders.table.rows import ROWS, is_same, opened, whole, write

AGENTS = ("agent_0", "agent_1")


def joint_rows(spelled="{agent}.{field}"):
    """One run of the study with a row per joint step."""
    rows = {}
    for row in ROWS:
        if row["seed"] == 1:
            joint = rows.setdefault((row["episode"], row["t"]), {"episode": row["episode"], "t": row["t"]})
            agent = {"ann": "agent_0", "bob": "agent_1"}[row["agent"]]
            for field in ("x", "y", "action", "reward"):
                joint[spelled.format(agent=agent, field=field)] = row[field]
    return list(rows.values())


def tidy_rows():
    names = {"ann": "agent_0", "bob": "agent_1"}
    kept = ("episode", "t", "x", "y", "action", "reward")
    rows = [row for row in ROWS if row["seed"] == 1]
    return [{**{name: row[name] for name in kept}, "agent": names[row["agent"]]} for row in rows]


@pytest.mark.parametrize(
    "spelled",
    ["{agent}.{field}", "{agent}_{field}", "{agent}/{field}", "{field}_{agent}", "{field}.{agent}", "{agent} {field}"],
)
def test_names_of_columns_tell_the_agents_apart(tmp_path, spelled):
    expected = opened(write(tmp_path / "tidy.csv", tidy_rows()))
    found = opened(write(tmp_path / "wide.csv", joint_rows(spelled)))
    assert is_same(found, expected)
    assert any("a joint step of 2 agents" in sentence for sentence in found.header.inputs[0].assumptions)


def test_tables_inside_json_lines_are_taken_apart(tmp_path):
    expected = opened(write(tmp_path / "tidy.csv", tidy_rows()))
    rows = [
        {
            "episode": row["episode"],
            "t": row["t"],
            **{f: {a: row[f"{a}.{f}"] for a in AGENTS} for f in ("action", "reward")},
            "pos": {a: [row[f"{a}.x"], row[f"{a}.y"]] for a in AGENTS},
        }
        for row in joint_rows()
    ]
    assert is_same(opened(write(tmp_path / "wide.jsonl", rows)), expected)
    rows = [
        {
            "episode": row["episode"],
            "t": row["t"],
            **{a: {f: row[f"{a}.{f}"] for f in ("x", "y", "action", "reward")} for a in AGENTS},
        }
        for row in joint_rows()
    ]
    assert is_same(opened(write(tmp_path / "other.jsonl", rows)), expected)


def test_agents_with_names_of_their_own_are_known_where_several_act(tmp_path):
    rows = [
        {"t": t, "scout_action": t, "guard_action": 0, "scout_x": t, "scout_y": 1, "guard_x": 2, "guard_y": t}
        for t in range(3)
    ]
    log = opened(write(tmp_path / "log.csv", rows))
    assert [agent.name for agent in log.header.agents] == ["guard", "scout"]
    assert whole(log)[1]["positions"][2].tolist() == [[2, 2], [2, 1]]


@pytest.mark.parametrize(
    ("names", "agents"),
    [
        ("agent_0_action leader_0_action", "agent_0 leader_0"),
        ("agent_0_action agent_0_obs leader_action leader_obs", "agent_0 leader"),
        ("agent_0_obs agent_0_action red_agent_0_obs red_agent_0_action", "agent_0 red_agent_0"),
        ("scout_obs scout_act healer_obs healer_act", "healer scout"),
        ("action_scout reward_scout action_healer reward_healer", "healer scout"),
        ("agent_0/action agent_0/reward leader/action leader/reward", "agent_0 leader"),
        ("Scout_Action Healer_Action", "Healer Scout"),
        ("scout_action scout_prev_action healer_action healer_prev_action", "healer scout"),
        ("agent_0_action agent_0_prev_action agent_1_action agent_1_prev_action", "agent_0 agent_1"),
        ("agent_0_action agent_1_action prev_agent_0_action action_entropy", "agent_0 agent_1"),
    ],
)
def test_all_agents_are_found_however_their_names_are_made(tmp_path, names, agents):
    rows = [{"t": t, **{name: (t + k) % 2 for k, name in enumerate(names.split())}} for t in range(4)]
    log = opened(write(tmp_path / "log.csv", rows))
    assert [agent.name for agent in log.header.agents] == agents.split()
    assert (whole(log)[0] == Status.ACTING).all()


@pytest.mark.parametrize(
    ("names", "column", "agent"),
    [
        ("agent_0_action agent_0_obs agent_1_action agent_1_obs expert_action", "expert_action", "expert"),
        ("action_agent_0 action_agent_1 action_leader", "action_leader", "leader"),
        ("action_0 action_1 reward_0 reward_1 action_leader reward_leader", "action_leader", "leader"),
    ],
)
def test_what_may_be_one_more_agent_or_not_is_ambiguous_with_both_readings(tmp_path, names, column, agent):
    rows = [{"t": t, **dict.fromkeys(names.split(), t % 2)} for t in range(4)]
    path = write(tmp_path / "log.csv", rows)
    with pytest.raises(AmbiguousLogError, match=f"{column} may be what one more agent does, {agent}") as caught:
        opened(path)
    assert f'"{agent}"]' in caught.value.mapping
    (tmp_path / "m.toml").write_text(caught.value.mapping)
    with_one_more = opened(path, read_mapping(tmp_path / "m.toml"))
    (tmp_path / "m.toml").write_text(caught.value.mapping.replace(f', "{agent}"]', "]"))
    without = opened(path, read_mapping(tmp_path / "m.toml"))
    assert [len(log.header.agents) for log in (with_one_more, without)] == [3, 2]
    assert any(f"a value that all share: info/{column}" in said for said in without.header.inputs[0].assumptions)


def test_agents_may_be_known_by_their_places_alone(tmp_path):
    rows = [{"t": t, **{f"drone_{k}_{c}": t + k for k in range(2) for c in "xy"}} for t in range(3)]
    log = opened(write(tmp_path / "log.csv", rows))
    assert [agent.name for agent in log.header.agents] == ["drone_0", "drone_1"]
    assert whole(log)[1]["positions"][1].tolist() == [[1, 1], [2, 2]]


def test_what_is_no_agents_own_is_the_teams(tmp_path):
    rows = [
        {"t": t, "a.action": t, "b.action": 0, "reward": t / 2, "obs_0": t, "obs_1": 7, "load": 3} for t in range(3)
    ]
    log = opened(write(tmp_path / "log.csv", rows))
    _, columns = whole(log)
    assert columns["team_rewards"].tolist() == [0, 0.5, 1]
    assert columns["state"].tolist() == [[0, 7], [1, 7], [2, 7]]
    assert columns["info/load"].tolist() == [3, 3, 3]


def test_an_agent_whose_columns_are_empty_is_not_there(tmp_path):
    rows = [
        {
            "t": t,
            "a.action": t if t != 1 else None,
            "a.reward": 1.0,
            "b.action": t if t < 2 else None,
            "b.reward": 1.0 if t < 2 else None,
        }
        for t in range(4)
    ]
    for name in ("log.csv", "log.jsonl"):
        status, _ = whole(opened(write(tmp_path / name, rows)))
        assert status[:, 0].tolist() == [Status.ACTING, Status.WAITING, Status.ACTING, Status.ACTING]
        assert status[:, 1].tolist() == [Status.ACTING, Status.ACTING, Status.DEAD, Status.DEAD]


def test_an_agents_rows_after_its_done_are_those_of_the_dead_in_wide_tables_too(tmp_path):
    rows = [
        {"episode": 0, "t": t, "a_action": 1, "a_done": t >= 1, "b_action": 0 if t < 3 else None, "b_done": False}
        for t in range(4)
    ]
    log = opened(write(tmp_path / "log.csv", rows))
    status, _ = whole(log)
    assert status[:, 0].tolist() == [Status.ACTING, Status.ACTING, Status.DEAD, Status.DEAD]
    assert status[:3, 1].tolist() == [Status.ACTING] * 3
    assert any("out of the game after its first row with" in said for said in log.header.inputs[0].assumptions)


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "log.parquet"])
def test_flags_that_are_texts_are_flags(tmp_path, name):
    rows = [{"t": t, "agent": "a", "action": 1, "done": str(t == 2).upper(), "won": "yes"} for t in (0, 1, 2) * 2]
    if name == "log.parquet":
        pl.DataFrame(rows).write_parquet(tmp_path / name)
    else:
        write(tmp_path / name, rows)
    assert opened(tmp_path / name).episodes.length.tolist() == [3, 3]


def test_texts_of_agents_share_their_names(tmp_path):
    rows = [{"t": t, "a.action": ("left", "stay")[t % 2], "b.action": ("right", "left")[t % 2]} for t in range(4)]
    log = opened(write(tmp_path / "log.csv", rows))
    names = log.header.field("actions").values
    read = [[names[int(code)] for code in row] for row in whole(log)[1]["actions"][..., 0]]
    assert read == [[row["a.action"], row["b.action"]] for row in rows]


def test_runs_and_checkpoints_are_told_apart(tmp_path):
    rows = [
        {"seed": s, "update": u, "t": t, "a.action": t, "b.action": s} for s in (0, 1) for u in (1, 2) for t in range(3)
    ]
    log = opened(write(tmp_path / "log.csv", rows))
    assert (log.episodes.runs, log.episodes.checkpoints) == (("seed_0", "seed_1"), ("update_1", "update_2"))
    assert log.episodes.length.tolist() == [3] * 4


def test_agents_with_vectors_of_unequal_width_are_padded(tmp_path):
    rows = [{"t": t, "a.action": t, "a.obs": [1, 2, 3], "b.action": 0, "b.obs": [4, 5]} for t in range(3)]
    observed = whole(opened(write(tmp_path / "log.jsonl", rows)))[1]["observations"]
    assert np.array_equal(observed[0], [[1, 2, 3], [4, 5, np.nan]], equal_nan=True)


def test_numbers_are_agents_where_actions_and_rewards_have_the_same(tmp_path):
    rows = [{"t": t, **{f"action_{k}": k for k in range(3)}, **{f"reward_{k}": t for k in range(3)}} for t in range(3)]
    log = opened(write(tmp_path / "log.csv", rows))
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert whole(log)[1]["actions"][1, :, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "row",
    [
        {"action_0": 1, "action_1": 0, "obs_0": 1, "obs_1": 2, "obs_2": 3},
        {"action": 1, "obs_0": 1, "obs_1": 2},
        {"action": 1, "obs": {"x": 1, "y": 2}},
    ],
    ids="+".join,
)
def test_without_an_agent_a_table_is_ambiguous_and_a_mapping_is_offered(tmp_path, row):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"episode": 0, "t": t, **row}) + "\n" for t in range(4)))
    with pytest.raises(AmbiguousLogError, match="no column says which agent a row is about") as caught:
        opened(path)
    assert "agents = [" in caught.value.mapping


def test_lists_with_an_entry_for_each_agent_are_arrays_on_a_grid(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        {
            "episode": e,
            "t": t,
            "obs": rng.normal(size=(3, 4)).tolist(),
            "actions": rng.integers(5, size=3).tolist(),
            "rewards": [0, 1, 2],
        }
        for e in range(4)
        for t in range(6)
    ]
    for path in (write(tmp_path / "log.jsonl", rows), tmp_path / "log.parquet"):
        if path.suffix == ".parquet":
            pl.DataFrame(rows).write_parquet(path)
        log = opened(path)
        assert len(log.header.agents) == 3
        assert log.episodes.length.tolist() == [6] * 4
        _, columns = whole(log)
        assert np.allclose(columns["observations"], [row["obs"] for row in rows])
        assert columns["actions"][..., 0].tolist() == [row["actions"] for row in rows]


def test_runs_of_tables_on_a_grid_are_asked_for_apart(tmp_path):
    rows = [
        {"seed": s, "episode": 0, "t": t, "obs": [[0.5, t]] * 3, "actions": [0, 1, t]}
        for s in range(2)
        for t in range(6)
    ]
    with pytest.raises(LogFormatError, match="seed holds several"):
        opened(write(tmp_path / "log.jsonl", rows))


def test_lists_of_unequal_length_in_one_column_are_refused(tmp_path):
    rows = [{"t": t, "a.action": 0, "a.obs": [1] * (t + 1), "b.action": 1} for t in range(3)]
    with pytest.raises(LogFormatError, match=r"the lists in a\.obs differ in length"):
        opened(write(tmp_path / "wide.jsonl", rows))
    rows = [{"t": t, "actions": [0] * (t + 1)} for t in range(3)]
    with pytest.raises(LogFormatError, match="the lists in actions differ in length"):
        opened(write(tmp_path / "grid.jsonl", rows))
