"""``convscope attribute``: a policy, a layout and a log become a report; what does not fit is said in a few lines."""

import json
import sys

import numpy as np
import polars as pl
import pytest
from jsonschema import Draft202012Validator

from convscope.cli import main
from convscope.ingest.writer import write_log
from convscope.report.document import analysis_schema
from convscope.simulate.draws import Size
from convscope.simulate.seeing import seeing_team
from tests.convscope.ingest.policy.models import linear

LAYOUT = """convscope-layout = 1
[receivers.all]
agents = ["agent_*"]
self = ["0-1"]
[receivers.all.of_other]
1 = ["2-3"]
2 = ["4-5"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with a log, its policy, another one's policy, and a layout."""
    folder = tmp_path_factory.mktemp("study")
    made = seeing_team(Size(n_agents=3, n_episodes=30, n_steps=20), np.random.default_rng(0), strengths=(1.5, 0.0))
    write_log(made.situation.log, folder / "log.h5")
    linear(folder / "p.onnx", made.weights)
    linear(folder / "other.onnx", -made.weights)
    linear(folder / "warm.onnx", 1.2 * made.weights)
    linear(folder / "wide.onnx", np.ones((9, 5)))
    (folder / "layout.toml").write_text(LAYOUT)
    return folder


def attribute(study, capfd, monkeypatch, *arguments):
    """Run the command in the study's folder; return the exit code and both streams."""
    monkeypatch.chdir(study)
    monkeypatch.setattr(sys, "argv", ["convscope", "attribute", "log.h5", *map(str, arguments)])
    capfd.readouterr()
    with pytest.raises(SystemExit) as ending:
        main()
    return ending.value.code or 0, *capfd.readouterr()


def test_a_policy_and_a_layout_become_the_same_kind_of_report(study, capfd, monkeypatch, tmp_path):
    given = ("--policy", "p.onnx", "--layout", "layout.toml", "--json")
    code, out, _ = attribute(study, capfd, monkeypatch, *given, "--out", tmp_path / "report")
    assert code == 0
    analysis = json.loads(out)
    assert list(Draft202012Validator(analysis_schema()).iter_errors(analysis)) == []
    routing = analysis["routing"]
    assert routing["source"] == "attribution"
    assert {other["source"] for other in routing["sources_compared"]} == {
        "policy-residual",
        "occlusion",
        "transfer-entropy",
    }
    found = {(edge["sender"], edge["receiver"]) for edge in routing["edges"] if edge["significant"]}
    assert found == {("agent_1", "agent_0"), ("agent_0", "agent_1"), ("agent_0", "agent_2")}
    assert {row["bits"] for row in routing["attribution"] if not row["used"]} == {0.0}
    (policy,) = analysis["provenance"]["policies"]
    assert policy["name"] == "p.onnx"
    assert policy["agents"] == ["agent_0", "agent_1", "agent_2"]
    assert len(policy["sha256"]) == len(analysis["provenance"]["layout_sha256"]) == 64
    page = (tmp_path / "report" / "report.html").read_text()
    assert "the receiver uses what it sees of the sender" in page
    assert "What the policies use" in page
    assert pl.read_parquet(tmp_path / "report" / "tables" / "attribution.parquet").height == 6
    _, again, _ = attribute(study, capfd, monkeypatch, *given, "--workers", "2", "--out", tmp_path / "again")
    assert again == out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--policy", "none.onnx", "--layout", "layout.toml"), 2, "no policy file at none.onnx"),
        (("--policy", "p.onnx", "--layout", "none.toml"), 2, "no layout file at none.toml"),
        (("--policy", "log.h5", "--layout", "layout.toml"), 5, "neither an ONNX model nor a TorchScript archive"),
        (("--policy", "other.onnx", "--layout", "layout.toml"), 5, "is not the policy that made this log"),
        (("--policy", "wide.onnx", "--layout", "layout.toml"), 5, "the policy is obs float32 (batch, 9)"),
    ],
)
def test_what_does_not_fit_is_said_in_a_few_lines(study, capfd, monkeypatch, tmp_path, arguments, code, words):
    found, out, complaint = attribute(study, capfd, monkeypatch, *arguments, "--out", tmp_path / "report")
    assert found == code, complaint
    assert out == ""
    assert words in complaint
    assert "Traceback" not in complaint
    assert not (tmp_path / "report").exists()


def test_a_table_to_copy_comes_without_our_name_before_it(study, capfd, monkeypatch, tmp_path):
    given = ("--policy", "wide.onnx", "--layout", "layout.toml", "--out", tmp_path / "report")
    _, _, complaint = attribute(study, capfd, monkeypatch, *given)
    lines = complaint.splitlines()
    assert sum(line.startswith("convscope: ") for line in lines) == 2
    assert lines[2:4] == ["[policy]", 'observation = "obs"']


def test_a_policy_that_is_doubted_is_doubted_in_the_terminal_and_beside_the_edges(study, capfd, monkeypatch, tmp_path):
    given = ("--policy", "warm.onnx", "--layout", "layout.toml", "--out", tmp_path / "report")
    code, out, _ = attribute(study, capfd, monkeypatch, *given)
    assert code == 0
    assert "Doubtful: warm.onnx against the steps of 3 agents" in out
    page = (tmp_path / "report" / "report.html").read_text()
    assert "<strong>Caution.</strong> Doubtful: warm.onnx" in page
