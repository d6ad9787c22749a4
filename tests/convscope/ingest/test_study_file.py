"""A study file says which files are which run; faults name their line, all of them."""

import pytest

from convscope.errors import LogFormatError, StudyError, UsageError
from convscope.ingest.open import open_study
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


def test_a_pattern_that_fits_nothing_is_told(folder):
    with pytest.raises(UsageError):
        opened(folder, '[[logs]]\nfiles = "logs/none_*.h5"\n')


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
