"""Zarr folders of both versions are listed from their JSON alone and read; bombs and links are refused."""

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import ConvscopeError, LogFormatError, RefusedFileError
from convscope.ingest.folder import list_files
from convscope.ingest.zarr_folder import is_zarr, zarr_container

zarr = pytest.importorskip("zarr")
numcodecs = pytest.importorskip("numcodecs")

GENUINE = Path(__file__).parents[3] / "data" / "tensordict" / "rollout.zarr"
NUMBERS = np.arange(700, dtype="<f4").reshape(100, 7)
OLD = [None, numcodecs.Blosc(), numcodecs.Zstd(), numcodecs.GZip(), numcodecs.Zlib()]
NEW = [None, zarr.codecs.BloscCodec(), zarr.codecs.ZstdCodec(), zarr.codecs.GzipCodec()]


def written(folder, *, version=3, codec=None):
    group = zarr.open_group(folder, mode="w", zarr_format=version)
    group.attrs["agents"] = ["a", "b"]
    array = group.create_array("x/y", shape=(100, 7), chunks=(30, 7), dtype="<f4", compressors=codec)
    array[:] = NUMBERS
    return folder


def looked_into(folder):
    return zarr_container(folder, list_files(folder))


@pytest.mark.parametrize(
    ("version", "codec"),
    [*((2, codec) for codec in OLD), *((3, codec) for codec in NEW)],
    ids=[*(f"2-{number}" for number in range(len(OLD))), *(f"3-{number}" for number in range(len(NEW)))],
)
def test_rows_are_what_was_written(tmp_path, version, codec):
    container = looked_into(written(tmp_path / "log.zarr", version=version, codec=codec))
    assert container.inventory.datasets["/x/y"].shape == (100, 7)
    assert container.inventory.groups == ("/", "/x")
    assert container.inventory.attributes == {"/": {"agents": ("a", "b")}}
    with container.store.open() as file:
        np.testing.assert_array_equal(file.read("/x/y", 28, 62), NUMBERS[28:62])
        np.testing.assert_array_equal(file.read("/x/y"), NUMBERS)
        with pytest.raises(LogFormatError, match="no array"):
            file.read("/x")


def test_a_genuine_folder_holds_chunks_that_were_never_stored():
    assert is_zarr(list_files(GENUINE))
    container = looked_into(GENUINE)
    assert container.inventory.datasets["/next/done"].shape == (3, 8, 1)
    assert json.loads(container.inventory.attributes["/"]["__tensordict__"])["batch_size"] == [3, 8]
    with container.store.open() as file:
        assert not file.read("/done").any()  # no chunk of it is in the folder
        assert file.read("/next/done").sum() == 3


def test_arrays_that_hold_no_numbers_or_need_a_codec_that_is_not_run_are_left_out_and_said(tmp_path):
    folder = written(tmp_path / "log.zarr", version=2)
    group = zarr.open_group(folder, mode="a")
    group.create_array("text", shape=(2,), dtype="U3", compressors=None)
    array = json.loads((folder / "x/y/.zarray").read_text())
    for name, change in {"pickled": {"filters": [{"id": "pickle"}]}, "lz": {"compressor": {"id": "lzma"}}}.items():
        (folder / name).mkdir()
        (folder / name / ".zarray").write_text(json.dumps(array | change))
    inventory = looked_into(folder).inventory
    assert list(inventory.datasets) == ["/x/y"]
    assert sorted(notice.where for notice in inventory.notices) == ["/lz", "/pickled", "/text"]


def described(folder, **change):
    path = folder / "x/y/zarr.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return folder


def test_what_could_do_harm_is_refused(tmp_path):
    linked = written(tmp_path / "linked.zarr")
    chunk = linked / "x/y/c/0/0"
    chunk.unlink()
    chunk.symlink_to("/etc/hostname")
    with pytest.raises(RefusedFileError, match="is a link"):
        looked_into(linked)
    bomb = written(tmp_path / "bomb.zarr", codec=zarr.codecs.GzipCodec())
    (bomb / "x/y/c/0/0").write_bytes(gzip.compress(bytes(1 << 22)))
    with pytest.raises(RefusedFileError, match="larger than a chunk"):
        looked_into(bomb)
    with pytest.raises(RefusedFileError, match="declares"):
        looked_into(described(written(tmp_path / "empty.zarr"), shape=[10**11, 7]))
    for frame in (
        b"\x28\xb5\x2f\xfd\xe0" + (1 << 40).to_bytes(8, "little") + bytes(9),
        b"\x28\xb5\x2f\xfd\x00" + bytes(9),
    ):
        packed = written(tmp_path / "packed.zarr", codec=zarr.codecs.ZstdCodec())
        (packed / "x/y/c/0/0").write_bytes(frame)
        with pytest.raises(RefusedFileError, match="larger than a chunk"):
            looked_into(packed)


@pytest.mark.parametrize("name", ["zarr.json", "x/y/zarr.json"])
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"node_type": "array"}', "[" * 9000, "null", '{"attributes": [1]}'])
def test_broken_json_is_left_out_or_refused_in_one_line(tmp_path, name, text):
    folder = written(tmp_path / "log.zarr")
    (folder / name).write_text(text)
    said = complaint(folder)
    assert "\n" not in said
    assert said or name == "zarr.json" or "/x/y" not in looked_into(folder).inventory.datasets


def complaint(folder):
    try:
        looked_into(folder)
    except ConvscopeError as error:
        return str(error)
    return ""


ODD = [
    {"shape": [-1, 7]},
    {"shape": "x"},
    {"shape": [True, 7]},
    {"data_type": "object"},
    {"data_type": "S5"},
    {"data_type": {"name": "x"}},
    {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**9, 7]}}},
    {"chunk_grid": {"name": "rectilinear"}},
    {"codecs": []},
    {"codecs": [{"name": "sharding_indexed"}]},
    {"codecs": [{"name": "zstd"}, {"name": "gzip"}]},
]


@pytest.mark.parametrize("change", ODD, ids=str)
def test_an_odd_array_is_left_out(tmp_path, change):
    inventory = looked_into(described(written(tmp_path / "log.zarr"), **change)).inventory
    assert not inventory.datasets
    assert inventory.notices[0].where == "/x/y"


def test_a_chunk_that_does_not_decode_is_one_line(tmp_path):
    folder = written(tmp_path / "log.zarr", codec=zarr.codecs.BloscCodec())
    chunk = folder / "x/y/c/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with looked_into(folder).store.open() as file, pytest.raises(LogFormatError, match="cannot be read"):
        file.read("/x/y")
    shutil.rmtree(folder / "x/y/c")
    with looked_into(folder).store.open() as file:
        assert not file.read("/x/y").any()
