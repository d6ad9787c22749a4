"""A [table] section says what inference cannot; what inference found is written down, edited and given back."""

from pathlib import Path

import pytest

from convscope.errors import AmbiguousLogError, MappingError
from convscope.ingest.inspect import inspect_logs, write_proposed_mapping
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.values.fields import Level
from convscope_loaders.table import LOADER
from tests.convscope_loaders.table.rows import LENGTHS, ROWS, is_same, opened, whole, write

STRANGE = [
    {
        "lauf": row["seed"],
        "spiel": row["episode"],
        "zug": row["t"],
        "wer": row["agent"],
        "ort_x": row["x"],
        "ort_y": row["y"],
        "tat": row["action"],
        "lohn": row["reward"],
        "schluss": row["done"],
        "rolle": {"ann": "scout", "bob": "guard"}[row["agent"]],
    }
    for row in ROWS
]
STRANGE_MAPPING = """
convscope-mapping = 1

[table]
agent = "wer"
episode = "spiel"
time = "zug"
run = "lauf"
role = "rolle"
truncated = "schluss"

[table.fields.positions]
columns = ["ort_x", "ort_y"]

[table.fields.actions]
columns = ["tat"]

[table.fields.rewards]
columns = ["lohn"]
"""


def mapped(tmp_path, text):
    path = tmp_path / "map.toml"
    path.write_text(text)
    return read_mapping(path)


def test_columns_of_any_name_are_read_by_a_mapping(tmp_path):
    path = write(tmp_path / "log.csv", STRANGE)
    log = opened(path, mapped(tmp_path, STRANGE_MAPPING))
    assert log.episodes.runs == ("lauf_0", "lauf_1")
    assert log.episodes.length.tolist() == LENGTHS
    assert [agent.declared_role for agent in log.header.agents] == ["scout", "guard"]
    expected = whole(opened(write(tmp_path / "plain.csv", ROWS)))[1]
    assert {"positions", "actions", "rewards"} <= whole(log)[1].keys()
    assert all((whole(log)[1][name] == expected[name])[:3].all() for name in ("positions", "actions", "rewards"))


def test_a_table_that_no_loader_knows_is_read_with_a_mapping_by_the_command_lines_way(tmp_path):
    path = write(tmp_path / "log.csv", STRANGE)
    log = open_logs([path], mapping=mapped(tmp_path, STRANGE_MAPPING))
    assert log.header.inputs[0].loader == "table"
    assert log.episodes.n_episodes == 4


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_what_was_inferred_is_written_down_and_reads_the_same(tmp_path, name):
    path = write(tmp_path / name, ROWS)
    inspection = inspect_logs([path])[0]
    write_proposed_mapping(inspection, tmp_path / "map.toml")
    mapping = read_mapping(tmp_path / "map.toml")
    assert mapping.table.agent == "agent"
    assert is_same(opened(path, mapping), opened(path))
    assert mapping_text(LOADER.propose(probe(path, name), mapping)) == inspection.mapping


def test_a_wide_table_is_written_down_too(tmp_path):
    rows = [
        {"t": t, "a_action": t, "b_action": 0, "a_obs_0": 1, "a_obs_1": 2, "b_obs_0": 3, "b_obs_1": t} for t in range(4)
    ]
    path = write(tmp_path / "log.csv", rows)
    mapping = mapped(tmp_path, inspect_logs([path])[0].mapping)
    assert mapping.table.agents == ("a", "b")
    assert {"{agent}_obs_0", "{agent}_obs_1"} == {c for f in mapping.table.fields for c in f.columns if "obs" in c}
    assert is_same(opened(path, mapping), opened(path))


def test_an_ambiguous_table_comes_with_a_mapping_that_reads_it(tmp_path):
    rows = [
        {"episode": 0, "t": t, "action_0": t, "action_1": 1 - t % 2, "obs_0": 7, "obs_1": t, "obs_2": 2}
        for t in range(4)
    ]
    path = write(tmp_path / "log.csv", rows)
    with pytest.raises(AmbiguousLogError) as caught:
        opened(path)
    log = opened(path, mapped(tmp_path, caught.value.mapping))
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]
    assert whole(log)[1]["actions"][2, :, 0].tolist() == [2, 1]


def test_one_agent_alone_is_declared_by_its_name(tmp_path):
    rows = [{"episode": 0, "t": t, "action": t, "obs_0": 7, "obs_1": t} for t in range(4)]
    log = opened(
        write(tmp_path / "log.csv", rows), mapped(tmp_path, 'convscope-mapping = 1\n[table]\nagents = ["solo"]')
    )
    assert [agent.name for agent in log.header.agents] == ["solo"]
    assert log.header.field("observations").level is Level.AGENT


def test_a_seed_is_a_run_or_left_out_as_the_mapping_says(tmp_path):
    rows = [
        {**row, "seed": 10 * row["seed"] + row["episode"], "episode": 10 * row["seed"] + row["episode"]} for row in ROWS
    ]
    path = write(tmp_path / "log.csv", rows)
    with pytest.raises(AmbiguousLogError):
        opened(path)
    assert len(opened(path, mapped(tmp_path, 'convscope-mapping = 1\n[table]\nrun = "seed"')).episodes.runs) == 4
    ignored = opened(path, mapped(tmp_path, 'convscope-mapping = 1\n[log]\nignore = ["seed"]'))
    assert (len(ignored.episodes.runs), ignored.episodes.n_episodes) == (1, 4)


def test_a_shared_field_counts_once_a_step(tmp_path):
    text = 'convscope-mapping = 1\n[table.fields.team_rewards]\ncolumns = ["reward"]\nlevel = "team"'
    log = opened(write(tmp_path / "log.csv", ROWS), mapped(tmp_path, text))
    assert log.header.field("team_rewards").level is Level.TEAM


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        (["[table]", 'agnet = "a"'], 3, "did you mean 'agent'"),
        (["[table]", "agent = 3"], 3, "must be a text"),
        (["[table]", "agents = 3"], 3, "list of texts"),
        (["[table]", "episode = []"], 3, "not empty"),
        (["[table]", 'path = "steps"'], 3, "from the root"),
        (["[table.fields.actons]", 'columns = ["a"]'], 2, "did you mean 'actions'"),
        (["[table.fields.actions]"], 2, "needs columns"),
        (["[table.fields.actions]", 'columns = ["a"]', 'level = "pair"'], 4, "none of agent, team"),
        (["[table.fields.actions]", 'columns = ["a"]', 'axes = ["row"]'], 4, "axes"),
        (["[table]", 'agent = "a"', "[episodes]", 'cut = "whole"'], 4, "is for arrays"),
        (["table = 3"], 2, "table"),
        (["[table]", 'agent = "a"', 'agents = ["b"]'], 4, "leave one of them out"),
    ],
)
def test_a_fault_names_its_line(tmp_path, lines, line, what):
    with pytest.raises(MappingError, match=what) as caught:
        mapped(tmp_path, "\n".join(["convscope-mapping = 1", *lines]))
    assert str(caught.value).startswith(f"map.toml:{line}:")


def test_a_column_that_is_not_there_is_named_with_the_nearest_one(tmp_path):
    path = write(tmp_path / "log.csv", ROWS)
    with pytest.raises(MappingError, match=r"map.toml:3: .* no column 'agnt'; did you mean 'agent'"):
        opened(path, mapped(tmp_path, 'convscope-mapping = 1\n[table]\nagent = "agnt"'))
    with pytest.raises(MappingError, match="no column 'zzz'; it has"):
        opened(path, mapped(tmp_path, 'convscope-mapping = 1\n[table.fields.positions]\ncolumns = ["zzz"]'))


def test_an_agent_that_is_not_there_is_named_with_its_line_and_the_nearest_one(tmp_path):
    rows = [{"t": t, "scout_action": t, "scout_obs": 1, "healer_action": 0, "healer_obs": t} for t in range(4)]
    path = write(tmp_path / "log.csv", rows)
    text = 'convscope-mapping = 1\n[table]\nagents = [\n  "scout",\n  "heeler",\n]'
    with pytest.raises(MappingError, match=r"map.toml:5: .* the agent 'heeler' .* did you mean 'healer'"):
        opened(path, mapped(tmp_path, text))
    with pytest.raises(MappingError, match=r"map.toml:3: .* the agent 'scuot' .* did you mean 'scout'"):
        opened(path, mapped(tmp_path, 'convscope-mapping = 1\n[table]\nagents = ["scuot"]'))
    rows = [{"t": t, **{f"{f}_{k}": k for f in ("action", "reward") for k in range(2)}} for t in range(4)]
    path = write(tmp_path / "numbers.csv", rows)
    with pytest.raises(MappingError, match=r"map.toml:3: .* the agent '2' .* it has 0, 1"):
        opened(path, mapped(tmp_path, 'convscope-mapping = 1\n[table]\nagents = ["0", "1", "2"]'))


def test_one_robot_with_two_arms_is_no_typo(tmp_path):
    rows = [{"t": t, "left_action": t, "right_action": 1} for t in range(4)]
    text = 'convscope-mapping = 1\n[table]\nagents = ["robot"]\n[table.fields.actions]\n'
    text += 'columns = ["left_action", "right_action"]'
    log = opened(write(tmp_path / "log.csv", rows), mapped(tmp_path, text))
    assert [agent.name for agent in log.header.agents] == ["robot"]
    assert whole(log)[1]["actions"][2].tolist() == [[2, 1]]


def test_a_mapping_of_arrays_reads_columns_as_arrays(tmp_path):
    rows = [{"deed": [t % 3, 1], "sight": [[t, 0], [0, t]]} for t in range(6)]
    text = """
convscope-mapping = 1
[fields.actions]
path = "/deed"
axes = ["row", "agent"]
[fields.observations]
path = "/sight"
axes = ["row", "agent", "value"]
[episodes]
cut = "whole"
"""
    log = opened(write(tmp_path / "log.jsonl", rows), mapped(tmp_path, text))
    assert log.episodes.length.tolist() == [6]
    assert whole(log)[1]["observations"][3].tolist() == [[3, 0], [0, 3]]


def test_the_mapping_that_the_page_shows_reads_a_table(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text("utf-8")
    text = page.split("```toml\n")[1].split("```")[0]
    names = {
        "seed": "seed", "game": "episode", "tick": "t", "who": "agent", "east": "x", "north": "y", "move": "action",
        "score": "reward", "timeout": "done",
    }  # fmt: skip
    rows = [
        {**{ours: row[theirs] for ours, theirs in names.items()}, "update": 1, "map": "ring", "job": row["agent"]}
        | {"side": "red", "is_up": True, "won": False, "comment": "none", "move": row["t"] % 3}
        for row in ROWS
    ]
    log = opened(write(tmp_path / "log.csv", rows), mapped(tmp_path, text))
    assert log.episodes.length.tolist() == LENGTHS
    assert log.header.environment == "warehouse"
    assert log.header.field("actions").values == ("stay", "left", "right")
    assert log.header.field("team_rewards").level is Level.TEAM
    assert "info/comment" not in {spec.name for spec in log.header.fields}


@pytest.mark.parametrize(
    ("number", "ending", "agents", "lengths"),
    [
        (0, "csv", ["healer", "scout"], [3]),
        (0, "json", ["guard", "scout"], [2, 1]),
        (1, "json", ["guard", "scout"], [3, 2]),
    ],
)
def test_the_tables_that_the_page_shows_are_read(tmp_path, number, ending, agents, lengths):
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text("utf-8")
    path = tmp_path / f"log.{ending}"
    path.write_text(page.split(f"```{ending}\n")[1 + number].split("```")[0])
    log = open_logs([path])
    assert [agent.name for agent in log.header.agents] == agents
    assert log.episodes.length.tolist() == lengths


def test_the_lines_of_a_training_loop_that_the_page_shows_write_a_log(tmp_path, monkeypatch):
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    exec(page.split("```python\n")[1].split("```")[0], {})  # noqa: S102  our own page
    log = open_logs([tmp_path / "log.csv"])
    assert ([agent.name for agent in log.header.agents], log.episodes.length.tolist()) == (["guard", "scout"], [3, 3])


def test_the_table_that_the_page_shows_is_read(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text("utf-8")
    path = tmp_path / "log.csv"
    path.write_text(page.split("```\n")[1])
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["guard", "scout"]
    assert log.episodes.length.tolist() == [2]
