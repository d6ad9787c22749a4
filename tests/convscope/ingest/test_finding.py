"""Folders and globs stand for files in numbered order; what stands for nothing is a usage error."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest

from convscope.errors import LogFormatError, UsageError
from convscope.ingest.finding import find_logs, search_logs, tail_names
from convscope.ingest.inspect import inspect_logs
from convscope.ingest.open import open_logs

DATA = Path(__file__).parents[2] / "data"


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


def rollout(path, first=0):
    """Write an archive of two episodes that structure alone tells."""
    path.parent.mkdir(exist_ok=True)
    np.savez(path, observations=first + np.ones((8, 2, 3)), actions=np.eye(8, 2, dtype=int), episode_starts=[0, 4])
    return path


def table(path, first=0):
    path.write_text(f"episode,t,agent,action\n0,0,a,{first}\n0,0,b,1\n0,1,a,1\n0,1,b,0\n")
    return path


def cut(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_a_broken_run_stays_in_the_study_and_fails_when_it_is_opened(tmp_path):
    for write in (rollout, parquet):
        folder = tmp_path / write.__name__
        folder.mkdir()
        paths = [write(folder / f"run_{seed}{'.npz' if write is rollout else '.parquet'}", seed) for seed in range(3)]
        cut(paths[1])
        assert find_logs([folder]) == paths
        with pytest.raises(LogFormatError, match=r"run_1\."):
            open_logs(find_logs([folder]))
        paths[1].write_bytes(b"")
        assert find_logs([folder]) == paths


def parquet(path, first=0):
    columns = {"episode": [0] * 4, "t": [0, 0, 1, 1], "agent": ["a", "b"] * 2, "action": [first, 1, 1, 0]}
    pl.DataFrame(columns).write_parquet(path)
    return path


def test_a_whole_table_that_is_no_log_is_passed_over_and_said(tmp_path):
    path = parquet(tmp_path / "run.parquet")
    pl.DataFrame({"feature": ["x"], "score": [1.0]}).write_parquet(tmp_path / "scores.parquet")
    found = search_logs([tmp_path])
    assert found.paths == (path,)
    assert "scores.parquet" in found.notices[0].message


def test_a_folder_of_arrays_with_a_broken_one_is_no_folder_without_a_log(tmp_path):
    for name in ("observations", "actions"):
        np.save(tmp_path / f"{name}.npy", np.ones((4, 2)))
    cut(tmp_path / "actions.npy")
    assert find_logs([tmp_path]) == [tmp_path]
    with pytest.raises(LogFormatError, match=r"actions\.npy"):
        open_logs([tmp_path])


def test_what_is_passed_over_beside_logs_is_said_in_the_log(tmp_path):
    h5py.File(tmp_path / "a.h5", "w").close()
    table(tmp_path / "b.csv")
    found = search_logs([tmp_path])
    assert [path.name for path in found.paths] == ["a.h5"]
    (notice,) = found.notices
    assert (notice.code, notice.message) == (
        "passed-over",
        "left out (1): other files beside the logs (b.csv); name them if they are logs",
    )
    runs = [table(tmp_path / "runs.csv"), table(tmp_path / "more.csv", 1)]
    assert notice in open_logs(runs, notices=found.notices).header.notices
    assert search_logs(runs).notices == ()


def test_links_and_what_lies_too_deep_are_said(tmp_path):
    study = tmp_path / "study"
    deep = study.joinpath(*"abcdefghijklmnopqrs")
    deep.mkdir(parents=True)
    rollout(deep / "x.npz")
    path = rollout(study / "run_0.npz")
    (study / "run_1.npz").symlink_to(rollout(tmp_path / "elsewhere.npz", 1))
    found = search_logs([study])
    assert found.paths == (path,)
    assert [(notice.code, notice.where) for notice in found.notices] == [
        ("skipped-links", "run_1.npz"),
        ("skipped-deep", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"),
    ]


def test_a_folder_of_nothing_but_links_says_so(tmp_path):
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "log.npz").symlink_to(rollout(tmp_path / "elsewhere.npz"))
    with pytest.raises(UsageError, match="links in a folder are not followed"):
        find_logs([folder])
    with pytest.raises(LogFormatError, match="empty folder: left out \\(1\\): links in a folder are not followed"):
        open_logs([folder])


def test_a_log_that_is_a_folder_says_which_of_its_files_are_links(tmp_path):
    folder = tmp_path / "log"
    shutil.copytree(DATA / "magent2" / "battle", folder)
    (folder / "video_4.txt").symlink_to(folder / "video_3.txt")
    notices = {notice.code: notice.where for notice in open_logs([folder]).header.notices}
    assert notices["skipped-links"] == "video_4.txt"
    (seen,) = inspect_logs([folder])
    assert "skipped-links" in {notice.code for notice in seen.log.header.notices}


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """A plug-in is installed whose loader fails at looking at anything."""
    place = tmp_path / "site"
    info = place / "failing-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: failing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[convscope.loaders]\nfailing = failing_plug_in:LOADER\n")
    (place / "failing_plug_in.py").write_text(
        "class Loader:\n"
        "    name, description, requires, takes_mapping = 'failing', 'fails', (), False\n"
        "    def sniff(self, probe):\n        return probe.container.inventory.datasets['x'].nothing\n"
        "LOADER = Loader()\n"
    )
    monkeypatch.syspath_prepend(str(place))


def test_a_loader_that_fails_at_looking_is_a_notice_and_breaks_nothing(tmp_path, failing):
    folder = tmp_path / "study"
    folder.mkdir()
    path = table(folder / "a.csv")
    found = search_logs([folder])
    assert found.paths == (path,)
    assert {notice.code for notice in found.notices} == {"broken-loader"}
    log = open_logs(found.paths)
    (said,) = [notice for notice in log.header.notices if notice.code == "broken-loader"]
    assert said.message == (
        "the loader failing fails at looking at a.csv and is left out: "
        "AttributeError: 'NoneType' object has no attribute 'inventory'"
    )
    (seen,) = inspect_logs([path])
    assert said in seen.notices
    (folder / "a.csv").write_text("nothing")
    with pytest.raises(LogFormatError, match="fails: AttributeError"):
        open_logs([path])
