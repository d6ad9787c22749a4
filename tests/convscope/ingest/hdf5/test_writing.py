"""A file is written whole or not at all, and with the same bytes every time."""

import errno
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import OutputError
from convscope.ingest.hdf5.writing import create_hdf5

resource = pytest.importorskip("resource", reason="limits on files are those of Unix")
GENUINE = Path(__file__).parents[3] / "data" / "minari" / "main_data.hdf5"


def write(path):
    with create_hdf5(path) as file:
        file.group("/table", {"encoding-type": "table", "n": 3, "slots": [0, 1], "none": [], "empty": ""})
        file.column("/table/x", ("row", "x_0"), (5, 2), dtype="<f4", attributes={"unit": "métre"})
        file.write("/table/x", 0, np.arange(6, dtype="<f4").reshape(3, 2))
        file.write("/table/x", 3, np.ones((2, 2), dtype="<f4"))
        file.column("/code", ("row",), (5,), dtype="<i2", missing=-1)
        file.texts("/name", "row", ["a", "", "ß" * 9, "b/c", "d"])


def test_what_is_written_is_there(tmp_path):
    write(tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["table/x"][:].tolist() == [[0, 1], [2, 3], [4, 5], [1, 1], [1, 1]]
        assert file["code"][:].tolist() == [-1] * 5
        assert file["name"].asstr()[:].tolist() == ["a", "", "ß" * 9, "b/c", "d"]
        assert dict(file["table"].attrs)["n"] == 3
        assert file["table"].attrs["slots"].tolist() == [0, 1]
        x = file["table/x"]
        assert (x.compression, x.compression_opts, x.shuffle, x.fletcher32) == ("gzip", 4, True, True)
        assert [dim.label for dim in file["table/x"].dims] == ["row", "x_0"]
        assert all(len(dim) == 1 for path in ("table/x", "code", "name") for dim in file[path].dims)


def test_the_same_content_gives_the_same_bytes(tmp_path):
    write(tmp_path / "a.h5")
    write(tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize("is_link", [False, True])
def test_nothing_is_overwritten(tmp_path, is_link):
    path = tmp_path / "out.h5"
    if is_link:
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write(path)
    assert path.is_symlink() if is_link else path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "out.h5"
    with pytest.raises(OutputError, match="exists already"), create_hdf5(path):
        path.write_text("mine")
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def without_links(monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


def test_a_file_system_without_links_gets_the_file_too(tmp_path, monkeypatch):
    without_links(monkeypatch)
    write(tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["code"].shape == (5,)
    assert list(tmp_path.iterdir()) == [tmp_path / "out.h5"]


def test_a_file_that_appears_meanwhile_is_not_overwritten_without_links_either(tmp_path, monkeypatch):
    without_links(monkeypatch)
    path = tmp_path / "out.h5"
    with pytest.raises(OutputError, match="exists already"), create_hdf5(path):
        path.write_text("mine")
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_nothing_behind(tmp_path):
    def fail():
        with create_hdf5(tmp_path / "out.h5") as file:
            file.group("/a", {})
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "absent" / "out.h5")


def test_an_axis_has_one_length(tmp_path):
    with create_hdf5(tmp_path / "out.h5") as file:
        file.column("/a", ("row",), (5,), dtype="<f8")
        with pytest.raises(ValueError, match="axis 'row' has length 5"):
            file.column("/b", ("row",), (6,), dtype="<f8")


def test_an_axis_may_be_empty(tmp_path):
    with create_hdf5(tmp_path / "out.h5") as file:
        file.column("/wide", ("row", "none"), (5, 0), dtype="<f4")
        file.write("/wide", 0, np.zeros((5, 0), "<f4"))
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["wide"].shape == (5, 0)


@contextmanager
def files_of_at_most(n_bytes):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write_noise(path):
    noise = np.random.default_rng(0).normal(size=(40_000, 4))
    with create_hdf5(path) as file:
        file.column("/noise", ("row", "noise_0"), noise.shape, dtype="<f8")
        for start in range(0, len(noise), 1000):
            file.write("/noise", start, noise[start : start + 1000])


@pytest.mark.parametrize("n_bytes", [0, 100, 3_000, 100_000, 1_000_000])
def test_a_full_disk_is_an_output_error_and_nothing_stays_behind(tmp_path, n_bytes):
    path = tmp_path / "out.h5"
    with files_of_at_most(n_bytes), pytest.raises(OutputError, match=r"out\.h5 cannot be written: File too large$"):
        write_noise(path)
    assert list(tmp_path.iterdir()) == []
    write_noise(path)
    with h5py.File(path) as file:
        assert file["noise"].shape == (40_000, 4)


def test_a_process_that_met_a_full_disk_ends_as_any_other(tmp_path):
    source = "\n".join(
        [
            "import resource, sys",
            "from convscope.cli import main",
            "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))",
            "main()",
        ]
    )
    command = [sys.executable, "-c", source, "convert", str(GENUINE), str(tmp_path / "out.h5")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stderr == f"convscope: {tmp_path / 'out.h5'} cannot be written: File too large\n"
    assert (ended.returncode, ended.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []
