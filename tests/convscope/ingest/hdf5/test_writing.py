"""A file is written whole or not at all, and with the same bytes every time."""

import errno
import os

import h5py
import numpy as np
import pytest

from convscope.errors import OutputError
from convscope.ingest.hdf5.writing import create_hdf5


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
