"""A folder with a table for each agent is one log, whose agents are those that the files are called after."""

import json

import polars as pl
import pytest

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.open import open_logs, search_logs
from tests.convscope_loaders.table.rows import is_same, opened, without, write

ROWS = [
    {"episode": e, "t": t, "agent": f"agent_{k}", "obs_0": t, "action": (t + k) % 3, "reward": k + t / 2}
    for e in range(2)
    for t in range(3)
    for k in range(3)
]


def of(agent, rows=ROWS):
    return without([row for row in rows if row["agent"] == agent], "agent")


def found(folder):
    logs = search_logs([folder])
    return open_logs(logs.paths, notices=logs.notices)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.mark.parametrize("spelled", ["{}.csv", "{}.jsonl", "log_{}.csv", "{}_rollout.tsv", "{}.parquet"])
def test_files_called_after_agents_are_one_log(folder, tmp_path, spelled):
    for k in range(3):
        path = folder / spelled.format(f"agent_{k}")
        pl.DataFrame(of(f"agent_{k}")).write_parquet(path) if path.suffix == ".parquet" else write(
            path, of(f"agent_{k}")
        )
    log = found(folder)
    assert is_same(log, opened(write(tmp_path / "plain.csv", ROWS)))
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert "agents-by-file" in {notice.code for notice in log.header.notices}
    assert log.header.inputs[0].n_bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_columns_may_bear_the_name_of_the_files_agent(folder, tmp_path):
    for k in range(2):
        rows = [
            {(f"agent_{k}_{n}" if n in {"action", "reward"} else n): v for n, v in row.items()}
            for row in of(f"agent_{k}")
        ]
        write(folder / f"agent_{k}.csv", rows)
    expected = [row for row in ROWS if row["agent"] != "agent_2"]
    assert is_same(found(folder), opened(write(tmp_path / "plain.csv", expected)))


def test_runs_in_folders_of_their_own_are_joined(tmp_path):
    for seed in range(2):
        (tmp_path / f"seed_{seed}").mkdir()
        for k in range(2):
            rows = [{**row, "reward": row["reward"] + seed} for row in of(f"agent_{k}")]
            write(tmp_path / f"seed_{seed}" / f"agent_{k}.csv", rows)
    log = found(tmp_path)
    assert (log.episodes.runs, log.episodes.n_episodes) == (("seed_0", "seed_1"), 4)
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]


def test_one_agents_file_alone_says_which_folder_to_give(folder):
    for k in range(2):
        write(folder / f"agent_{k}.csv", of(f"agent_{k}"))
    with pytest.raises(
        LogFormatError, match=r"agent_0.csv is the table of one agent of several; give the folder .*logs"
    ):
        open_logs([folder / "agent_0.csv"])


def test_files_of_other_names_are_refused_with_a_remedy(folder):
    for name in ("scout", "healer"):
        write(folder / f"{name}.csv", of("agent_0"))
    with pytest.raises(ConvscopeError, match=r"no column says which agent .* such as agent_0.csv"):
        found(folder)


def test_other_files_in_the_folder_are_left_out_and_said(folder):
    for k in range(2):
        write(folder / f"agent_{k}.csv", of(f"agent_{k}"))
    (folder / "config.json").write_text(json.dumps({"lr": 1}))
    notices = {notice.code: notice for notice in found(folder).header.notices}
    assert notices["passed-over"].where == "config.json"


def test_tables_of_several_agents_each_stay_files_of_their_own(folder):
    for k in range(2):
        rows = [{"t": t, "agent_0_action": t, "agent_1_action": k} for t in range(3)]
        write(folder / f"agent_{k}.csv", rows)
    with pytest.raises(LogFormatError, match="is called after agent_0 and has columns of agent_0, agent_1"):
        found(folder)


def test_an_error_names_the_file_and_its_row(folder):
    write(folder / "agent_0.csv", of("agent_0"))
    rows = of("agent_1")
    write(folder / "agent_1.csv", [*rows[:4], {**rows[4], "t": None}, *rows[5:]])
    with pytest.raises(LogFormatError, match=r"logs/agent_1.csv: row 4 has no timestep"):
        found(folder)
