"""Tables as tools export them: pandas, Weights & Biases, spreadsheets."""

import pytest

from convscope.errors import LogFormatError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.probe import probe
from tests.convscope_loaders.table.rows import opened, whole, write

STEPS = [(e, t) for e in range(2) for t in range(3)]
HISTORY = [
    {"_step": 3 * e + t, "_runtime": 0.5 * t, "episode": e, "agent_0/action": t, "agent_1/action": 1, "loss": 0.1}
    for e, t in STEPS
]


def renamed(rows, run):
    return [{(name if name == "_step" else f"{run} - {name}"): value for name, value in row.items()} for row in rows]


def test_columns_called_after_a_run_of_wandb_are_that_runs(tmp_path):
    plain = opened(write(tmp_path / "history.csv", HISTORY))
    rows = [{**row, "sun-3 - loss__MIN": 0, "sun-3 - loss__MAX": 1} for row in renamed(HISTORY, "sun-3")]
    log = opened(write(tmp_path / "chart.csv", rows))
    assert log.episodes.runs == ("sun-3",)
    assert log.episodes.length.tolist() == plain.episodes.length.tolist() == [3, 3]
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]
    assert (whole(log)[1]["actions"] == whole(plain)[1]["actions"]).all()
    assert any("left out (2 columns)" in notice.message for notice in log.header.notices)


def test_several_runs_side_by_side_are_refused_with_a_remedy(tmp_path):
    both = zip(renamed(HISTORY, "sun-3"), renamed(HISTORY, "moon-4"), strict=True)
    path = write(tmp_path / "chart.csv", [{**one, **two} for one, two in both])
    with pytest.raises(LogFormatError, match=r"holds 2 runs side by side \(sun-3, moon-4\); export each alone"):
        opened(path)


@pytest.mark.parametrize("spelled", ["obs_{k}_{agent}", "('obs_{k}', {agent})", "obs_{agent}_{k}"])
def test_the_number_that_counts_all_agents_is_theirs_and_said(tmp_path, spelled):
    rows = [
        {
            "episode": e,
            "t": t,
            **{f"action_{agent}": agent for agent in range(3)},
            **{f"reward_{agent}": t for agent in range(3)},
            **{spelled.format(k=k, agent=agent): 10 * agent + k for k in range(2) for agent in range(3)},
        }
        for e, t in STEPS
    ]
    log = opened(write(tmp_path / "log.csv", rows))
    assert whole(log)[1]["observations"][0].tolist() == [[0, 1], [10, 11], [20, 21]]
    assert any(said.startswith("of the numbers in ") for said in log.header.inputs[0].assumptions)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("log.csv", "episode,t,agent,action\n0,0,a,1\n".encode("utf-16"), "text in UTF-16; save it as UTF-8"),
        ("log.json", b'{"t":{"0":0,"1":1},"action":{"0":1,"1":0}}', "as pandas writes it; write rows"),
        ("log.json", b'{"columns":["t","agent","action"],"index":[0],"data":[[0,1,1]]}', "write rows: to_json"),
        (
            "log.csv",
            b",,action,action,reward\nagent_id,,0,1,0\nepisode,t,,,\n0,0,1,1,0\n",
            "as of a pandas MultiIndex, join them",
        ),
        ("log.csv", b"# my log\nepisode,t,agent,action\n0,0,a,1\n", "begins with a comment"),
        ("log.parquet", b"PAR1" + bytes(40), "damaged or cut"),
    ],
)
def test_what_is_spelled_in_another_way_is_refused_with_a_remedy(tmp_path, name, content, what):
    path = tmp_path / name
    path.write_bytes(content)
    loaders = [found.loader for found in installed_loaders()[0]]
    with pytest.raises(LogFormatError, match=what) as caught:
        choose(probe(path, name), loaders).loader.open(probe(path, name), None)
    assert "\n" not in str(caught.value)
