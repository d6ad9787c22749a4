"""Folders and globs stand for files in numbered order; what stands for nothing is a usage error."""

from pathlib import Path

import pytest

from convscope.errors import LogFormatError, UsageError
from convscope.ingest.finding import find_logs, tail_names


@pytest.fixture
def folder(tmp_path):
    for name in ("run_10/log.h5", "run_9/log.hdf5", "run_9/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_stands_for_the_logs_below_it(folder):
    assert find_logs([folder]) == [folder / "run_9/log.hdf5", folder / "run_10/log.h5"]


def test_a_glob_and_a_file_that_it_fits_count_once(folder):
    assert find_logs([folder / "*/log.h5", folder / "run_10/log.h5"]) == [folder / "run_10/log.h5"]


@pytest.mark.parametrize("name", ["nothing.h5", "*.nothing", "empty"])
def test_what_stands_for_nothing_is_a_usage_error(folder, name):
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match="no "):
        find_logs([folder / name])


def test_inputs_are_named_by_the_shortest_tail_that_tells_them_apart():
    paths = [Path("/a/run_1/x/log.h5"), Path("/a/run_2/x/log.h5")]
    assert tail_names(paths) == ("run_1/x/log.h5", "run_2/x/log.h5")
    assert tail_names(paths[:1]) == ("log.h5",)


def test_what_a_loader_knows_and_refuses_is_passed_over_beside_logs_and_named_alone(folder):
    scalars = folder / "run_11" / "name" / "scalars" / "collection_reward.csv"
    scalars.parent.mkdir(parents=True)
    scalars.touch()
    assert find_logs([folder]) == [folder / "run_9/log.hdf5", folder / "run_10/log.h5"]
    assert find_logs([folder / "run_11"]) == [folder / "run_11"]


def test_a_report_in_the_folder_is_no_log(folder):
    for name in ("report/analysis.json", "report/report.html", "report/old.h5"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert find_logs([folder]) == [folder / "run_9/log.hdf5", folder / "run_10/log.h5"]


def test_a_folder_without_a_log_says_what_is_there_instead(tmp_path):
    (tmp_path / "render.gif").write_bytes(b"GIF89a")
    with pytest.raises(UsageError, match=r"render\.gif is a picture"):
        find_logs([tmp_path])
    for name in ("run.json", "config.json", "metrics.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(LogFormatError, match="Sacred"):
        find_logs([tmp_path])
