"""What was there before is named when it is replaced, and who stops reading is no failure."""

import os
import subprocess
import sys

import pytest

from convscope.simulate.scenarios import Scale
from convscope.simulate.writing import find_scenario, write_scenario

TINY = Scale(n_runs=1, n_episodes=2, n_steps=4)


@pytest.fixture
def study(tmp_path):
    write_scenario(find_scenario("prior-true"), tmp_path / "logs", scale=TINY, seed=0)
    (tmp_path / "study.toml").write_text('[[logs]]\nfiles = "logs/{run}.h5"\n')
    return tmp_path


def test_a_report_and_figures_that_are_replaced_are_named(convscope, study):
    asked = ("analyze", study / "logs" / "run_0.h5", "--out", study / "out", "--figures", study / "figures")
    _, first = convscope(*asked)
    _, second = convscope(*asked)
    assert first.out.splitlines()[-2:] == [f"Report: {study / 'out' / 'report.html'}", f"Figures: {study / 'figures'}"]
    assert all(line.endswith(" (in place of an earlier one)") for line in second.out.splitlines()[-2:])


def test_figures_inside_the_report_are_refused_before_any_log_is_read(convscope, tmp_path):
    code, said = convscope("analyze", tmp_path / "none.h5", "--out", tmp_path / "o", "--figures", tmp_path / "o" / "f")
    assert code == 2
    assert "lie within each other" in said.err


def test_a_study_file_is_converted_and_analysed_and_named_in_the_provenance(convscope, study):
    code, said = convscope("convert", study / "study.toml", study / "one.h5")
    assert (code, said.err) == (0, "")
    code, said = convscope(
        "analyze", study / "study.toml", "--priors", study / "logs" / "priors.toml", "--out", study / "out"
    )
    assert code == 0
    document = (study / "out" / "analysis.json").read_text()
    page = (study / "out" / "report.html").read_text()
    for name in ("study.toml", "priors.toml"):
        assert f'"{name}"' in document
        assert name in page


@pytest.mark.parametrize("arguments", [("simulate", "--list"), ("loaders",), ("--help",)])
def test_a_closed_pipe_ends_quietly(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", "from convscope.cli import main; main()", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
