"""A first look tells what a file is, and says plainly when it is none."""

import hashlib
import os

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.probe import FileKind, probe


def test_a_log_is_probed_with_its_digest(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        file["obs"] = [1.0]
    seen = probe(path, "log.h5")
    assert seen.kind is FileKind.HDF5
    assert seen.hdf5 is not None
    assert list(seen.hdf5.datasets) == ["/obs"]
    assert seen.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert seen.n_bytes == path.stat().st_size


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"hello\n" * 99, FileKind.TEXT),
        (b"PK\x03\x04rest", FileKind.ZIP),
        (b"PK\x03\x04" + bytes(26) + b"archive/data.pkl", FileKind.TORCH),
        (b"\x80\x05\x95", FileKind.PICKLE),
        (b"\x93NUMPY\x01", FileKind.NUMPY),
        (b'\x08\x00\x00\x00\x00\x00\x00\x00{"w":{}}', FileKind.SAFETENSORS),
    ],
)
def test_other_files_are_told_by_their_first_bytes(tmp_path, content, kind):
    path = tmp_path / "log.h5"
    path.write_bytes(content)
    assert (probe(path, "log.h5").kind, probe(path, "log.h5").container) == (kind, None)


def test_an_empty_file_an_empty_folder_a_pipe_and_a_missing_file_are_clear_errors(tmp_path):
    (tmp_path / "empty.h5").touch()
    with pytest.raises(LogFormatError, match=r"empty\.h5 is empty"):
        probe(tmp_path / "empty.h5", "empty.h5")
    (tmp_path / "inside").mkdir()
    with pytest.raises(LogFormatError, match="is an empty folder"):
        probe(tmp_path / "inside", "inside")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RefusedFileError, match="no plain file"):
        probe(tmp_path / "pipe", "pipe")
    with pytest.raises(LogFormatError, match=r"none\.h5 cannot be read"):
        probe(tmp_path / "none.h5", "none.h5")


def test_a_folder_is_probed_with_its_plain_files_and_one_digest(tmp_path):
    (tmp_path / "run").mkdir()
    for name, content in (("run/part_10.bin", b"b"), ("run/part_9.bin", b"a"), ("meta.json", b"{}")):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "run" / "elsewhere").symlink_to("/etc")
    (tmp_path / "link.bin").symlink_to("meta.json")
    seen = probe(tmp_path, "log")
    assert seen.kind is FileKind.FOLDER
    assert seen.files == ("meta.json", "run/part_9.bin", "run/part_10.bin")
    assert seen.n_bytes == 4
    assert seen.small_file("meta.json") == b"{}"
    assert seen.small_file("link.bin") is None
    before = seen.sha256
    (tmp_path / "run/part_9.bin").write_bytes(b"c")
    assert probe(tmp_path, "log").sha256 != before


def test_numpy_files_are_containers_of_arrays(tmp_path):
    (tmp_path / "sub").mkdir()
    np.savez(tmp_path / "log.npz", **{"next/obs": np.zeros((3, 2))})
    np.save(tmp_path / "sub" / "obs.npy", np.zeros((3, 2)))
    assert list(probe(tmp_path / "log.npz", "log").container.inventory.datasets) == ["/next/obs"]
    assert list(probe(tmp_path / "sub", "sub").container.inventory.datasets) == ["/obs"]
    # A folder around such folders is none itself: it may hold several logs.
    assert probe(tmp_path, "all").container is None
