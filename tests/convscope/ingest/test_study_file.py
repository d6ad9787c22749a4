"""A study file says which files are which run; faults name their line, all of them."""

import hashlib
from dataclasses import replace

import pytest

from convscope.errors import LogFormatError, StudyError
from convscope.ingest.inspect import inspect_logs
from convscope.ingest.open import open_study
from convscope.ingest.validate import validate_logs
from convscope.simulate.scenarios import Scale
from convscope.simulate.writing import find_scenario, write_scenario

TINY = Scale(n_runs=4, n_episodes=2, n_steps=4)


@pytest.fixture
def folder(tmp_path):
    write_scenario(find_scenario("prior-true"), tmp_path / "logs", scale=TINY, seed=0)
    return tmp_path


def opened(folder, text):
    path = folder / "study.toml"
    path.write_text(text)
    return open_study([str(path)])


def test_labels_are_read_from_places_of_a_path(folder):
    log = opened(folder, '[[logs]]\nfiles = "logs/{run}.h5"\ncheckpoint = "last"\ncondition = "small map"\n')
    assert log.episodes.runs == ("run_0", "run_1", "run_2", "run_3")
    assert (log.episodes.checkpoints, log.episodes.conditions) == (("last",), ("small map",))
    assert "runs-by-study-file" in [notice.code for notice in log.header.notices]


def test_two_files_may_be_checkpoints_of_one_run(folder):
    text = """\
[[logs]]
files = "logs/run_0.h5"
run = "seed 1"
checkpoint = "step_9"
[[logs]]
files = "logs/run_1.h5"
run = "seed 1"
checkpoint = "step_10"
[[logs]]
files = ["logs/run_2.h5", "logs/run_3.h5"]
run = "seed 2"
checkpoint = "step_10"
"""
    log = opened(folder, text)
    assert log.episodes.runs == ("seed 1", "seed 2")
    assert log.episodes.checkpoints == ("step_9", "step_10")
    assert log.episodes.n_episodes == 8


def test_all_faults_are_told(folder):
    with pytest.raises(StudyError) as caught:
        opened(folder, '[[logs]]\nfiles = "../x.h5"\n[[logs]]\nfiles = "logs/{seed}.h5"\n[[logs]]\nrnu = "a"\n')
    told = [str(caught.value), *caught.value.__notes__]
    assert [line.split(":")[1] for line in told] == ["2", "4", "6"]


@pytest.mark.parametrize("text", ["", "logs = 1\n", "[[logs]]\nfiles = 1\n", '[[logs]]\nfiles = "x"\nrun = 1\n'])
def test_what_is_no_study_is_told(folder, text):
    with pytest.raises(StudyError, match=r"study\.toml:\d+"):
        opened(folder, text)


def test_a_file_in_two_entries_is_told(folder):
    with pytest.raises(StudyError, match="in two entries"):
        opened(folder, '[[logs]]\nfiles = "logs/run_0.h5"\n[[logs]]\nfiles = "logs/run_?.h5"\n')


def test_patterns_that_fit_nothing_are_told_with_their_lines(folder):
    text = '[[logs]]\nfiles = "logs/none_*.h5"\n[[logs]]\nfiles = [\n  "logs/run_0.h5",\n  "logs/x_{run}.h5",\n]\n'
    with pytest.raises(StudyError, match=r"study\.toml:2: no log at .*none_") as caught:
        opened(folder, text)
    assert [note.split(": ")[0] for note in caught.value.__notes__] == ["study.toml:6"]


def test_the_study_file_is_among_the_files_that_were_read(folder):
    log = opened(folder, '[[logs]]\nfiles = "logs/{run}.h5"\n')
    (*logs, study) = log.header.files
    content = (folder / "study.toml").read_bytes()
    assert [file.name for file in logs] == [file.name for file in log.header.inputs]
    assert (study.name, study.loader) == ("study.toml", "study file")
    assert (study.sha256, study.n_bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_inspect_shows_each_log_under_the_labels_of_the_study_file(folder):
    path = folder / "study.toml"
    path.write_text('[[logs]]\nfiles = "logs/run_{run}.h5"\ncheckpoint = "last"\n')
    seen = inspect_logs([str(path)])
    assert [inspection.log.episodes.runs for inspection in seen] == [("0",), ("1",), ("2",), ("3",)]
    assert {inspection.log.episodes.checkpoints for inspection in seen} == {("last",)}


def test_inspect_says_where_a_log_stands_against_the_study_file(tmp_path):
    write_scenario(find_scenario("drift"), tmp_path / "logs", scale=replace(TINY, n_runs=1), seed=0)
    path = tmp_path / "study.toml"
    path.write_text('[[logs]]\nfiles = "logs/{run}.h5"\ncheckpoint = "last"\n')
    (seen,) = inspect_logs([str(path)])
    assert seen.log is None
    assert "10 checkpoints of its own" in str(seen.problem)


def test_validate_checks_the_logs_of_a_study_file_and_no_others(folder):
    path = folder / "study.toml"
    path.write_text('[[logs]]\nfiles = ["logs/run_1.h5", "logs/run_0.h5"]\n')
    checked = validate_logs([str(path)])
    assert [each.name for each in checked] == ["run_1.h5", "run_0.h5"]
    assert all(each.is_valid for each in checked)


def test_a_file_of_several_checkpoints_keeps_them(tmp_path):
    write_scenario(find_scenario("drift"), tmp_path / "logs", scale=TINY, seed=0)
    assert len(opened(tmp_path, '[[logs]]\nfiles = "logs/{run}.h5"\n').episodes.checkpoints) == 10
    with pytest.raises(LogFormatError, match="10 checkpoints of its own"):
        opened(tmp_path, '[[logs]]\nfiles = "logs/{run}.h5"\ncheckpoint = "last"\n')


def test_runs_of_other_team_sizes_are_joined_by_name(tmp_path):
    write_scenario(find_scenario("team-sizes"), tmp_path / "logs", scale=TINY, seed=0)
    log = opened(tmp_path, '[[logs]]\nfiles = "logs/3_agents_{run}.h5"\n[[logs]]\nfiles = "logs/9_*.h5"\n')
    assert len(log.header.agents) == 9
    assert len(log.episodes.runs) == 8
