"""Rows come back as they were written; a chunk that lies is an error."""

import subprocess
import sys
import zlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.hdf5.checksum import fletcher32
from convscope.ingest.hdf5.listing import read_inventory
from convscope.ingest.hdf5.reading import open_hdf5

FILTERS = [
    {},
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True, "fletcher32": True},
    {"fletcher32": True},
    {"compression": "lzf"},
]


@settings(max_examples=30, deadline=None)
@given(
    dtype=st.sampled_from(["<f4", ">f8", "<i2", "|u1", "?", "<f2"]),
    filters=st.sampled_from(FILTERS),
    rows=st.integers(1, 23),
    start=st.integers(0, 22),
    n=st.integers(0, 23),
)
def test_any_rows_of_any_chunking_are_what_was_written(tmp_path_factory, dtype, filters, rows, start, n):
    written = (np.arange(rows * 15).reshape(rows, 5, 3) % 251).astype(dtype)
    path = tmp_path_factory.mktemp("logs") / "log.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("chunked", data=written, chunks=(min(4, rows), 2, 3), **filters)
        file["whole"] = written
    start = min(start, rows)
    with open_hdf5(path) as file:
        for name in ("/chunked", "/whole"):
            read = file.read(name, start, start + n)
            assert read.dtype == written.dtype
            assert np.array_equal(read, written[start : start + n])


@pytest.mark.parametrize("compression", ["gzip", "lzf"])
def test_noise_that_does_not_compress_is_stored_as_it_is_and_read(tmp_path, compression):
    noise = np.frombuffer(np.random.default_rng(0).bytes(4096), "u1")
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file.create_dataset("obs", data=noise, chunks=(64,), compression=compression)
    with open_hdf5(tmp_path / "log.h5") as file:
        assert np.array_equal(file.read("/obs"), noise)


def test_rows_that_were_never_stored_hold_the_fill_value(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file.create_dataset("obs", shape=(6,), dtype="f4", chunks=(2,), fillvalue=-1)[:2] = 5
    with open_hdf5(tmp_path / "log.h5") as file:
        assert file.read("/obs").tolist() == [5, 5, -1, -1, -1, -1]


@pytest.mark.parametrize(
    ("filters", "stored", "mask"),
    [
        ({"compression": "gzip"}, zlib.compress(b"A" * 16), 0),
        ({"compression": "gzip"}, zlib.compress(bytes(1 << 20)), 0),
        ({}, b"A" * 16, 0),
        ({"compression": "gzip", "fletcher32": True}, b"A" * 16, 3),
        ({"compression": "gzip"}, b"no stream", 0),
        ({"fletcher32": True}, bytes(4096) + b"\x01\x02\x03\x04", 0),
    ],
    ids=["short", "long", "raw-short", "mask", "garbage", "checksum"],
)
def test_a_chunk_that_is_not_what_it_declares_is_an_error(tmp_path, filters, stored, mask):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        obs = file.create_dataset("obs", shape=(4096,), dtype="u1", chunks=(4096,), **filters)
        obs.id.write_direct_chunk((0,), stored, filter_mask=mask)
    with open_hdf5(tmp_path / "log.h5") as file, pytest.raises(RefusedFileError, match=r"log\.h5:/obs") as caught:
        file.read("/obs")
    assert caught.value.code == "broken-chunk"


def test_the_checksum_is_the_one_that_the_library_stores(tmp_path):
    content = bytes(range(256)) * 33
    with h5py.File(tmp_path / "log.h5", "w") as file:
        obs = file.create_dataset("obs", data=np.frombuffer(content, "u1"), chunks=(len(content),), fletcher32=True)
        _, stored = obs.id.read_direct_chunk((0,))
    assert int.from_bytes(stored[-4:], "little") == fletcher32(content)
    assert fletcher32(bytes(8)) == 0
    assert fletcher32(b"\x00\x01\x00\x02") == (1 + 1 + 2) << 16 | 3


def test_names_are_in_numbered_order_and_attributes_are_plain_values(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        for number in (10, 9, 2):
            file[f"episode_{number}/obs"] = np.zeros(2)
        file.attrs["agents"] = np.array([b"scout", b"guard"])
        file.attrs["n"] = np.int32(3)
        file.attrs["rates"] = np.array([[0.5, 2.0]], np.longdouble)
        file.attrs["flag"] = True
        file.attrs["odd"] = 1j
        file["names"] = ["a", "bä"]
    inventory = read_inventory(tmp_path / "log.h5")
    assert list(inventory.datasets)[:3] == ["/episode_2/obs", "/episode_9/obs", "/episode_10/obs"]
    assert inventory.attributes["/"] == {"agents": ("scout", "guard"), "flag": True, "n": 3, "rates": ((0.5, 2.0),)}
    assert [notice.code for notice in inventory.notices] == ["skipped-attribute"]
    with open_hdf5(tmp_path / "log.h5") as file:
        assert file.read_text("/names") == ("a", "bä")


def test_a_path_that_is_no_dataset_is_an_error(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["group/obs"] = np.zeros(2)
        file["away"] = h5py.ExternalLink("other.h5", "/")
    with open_hdf5(tmp_path / "log.h5") as file:
        with pytest.raises(LogFormatError, match="no dataset"):
            file.read("/nothing")
        with pytest.raises(LogFormatError, match="group"):
            file.read("/group")
        with pytest.raises(RefusedFileError):
            file.read("/away/obs")


def test_a_file_that_this_process_holds_open_is_read(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["obs"] = np.arange(3)
    with h5py.File(tmp_path / "log.h5"), open_hdf5(tmp_path / "log.h5") as file:
        assert file.read("/obs").tolist() == [0, 1, 2]


def test_a_file_whose_writer_died_is_read_and_said(tmp_path):
    path = tmp_path / "log.h5"
    script = (
        "import h5py, os, sys\n"
        "file = h5py.File(sys.argv[1], 'w', libver=('v110', 'v110'))\n"
        "file.create_dataset('obs', data=[1.0, 2.0], maxshape=(None,), chunks=(2,))\n"
        "file.flush()\n"
        "file.swmr_mode = True\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert [notice.code for notice in read_inventory(path).notices] == ["unfinished-file"]
    with open_hdf5(path) as file:
        assert file.read("/obs").tolist() == [1.0, 2.0]


FIXED = h5py.string_dtype("utf-8", 64)
VARYING = h5py.string_dtype("utf-8")


@settings(max_examples=20, deadline=None)
@given(
    names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), min_size=1, max_size=9),
    kind=st.sampled_from([FIXED, VARYING]),
    filters=st.sampled_from([{}, {"compression": "gzip", "shuffle": True}, {"compression": "lzf"}, None]),
)
def test_names_come_back_as_they_were_written(tmp_path_factory, names, kind, filters):
    path = tmp_path_factory.mktemp("logs") / "log.h5"
    encoded = [name.encode() for name in names]
    with h5py.File(path, "w") as file:
        options = {} if filters is None else {"chunks": (4,), "maxshape": (None,), **filters}
        file.create_dataset("names", data=np.array(encoded, dtype=kind), dtype=kind, **options)
        file.create_dataset("one", data=np.array(encoded[0], dtype=kind), dtype=kind)
    with open_hdf5(path) as file:
        assert file.read_text("/names") == tuple(names)
        assert file.read_text("/one") == (names[0],)


@pytest.mark.parametrize("kind", [FIXED, VARYING], ids=["fixed", "varying"])
@pytest.mark.parametrize(
    "stored", [zlib.compress(b"A" * 16), zlib.compress(bytes(1 << 20)), b"no stream"], ids=["short", "long", "garbage"]
)
def test_names_in_a_chunk_that_is_not_what_it_declares_are_an_error(tmp_path, kind, stored):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        names = file.create_dataset("id", shape=(16,), dtype=kind, chunks=(16,), compression="gzip")
        names.id.write_direct_chunk((0,), stored)
    with open_hdf5(tmp_path / "log.h5") as file, pytest.raises(RefusedFileError, match=r"log\.h5:/id") as caught:
        file.read_text("/id")
    assert caught.value.code == "broken-chunk"


def test_names_beyond_all_measure_are_refused_before_they_are_read(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file.create_dataset("id", shape=(1 << 14,), dtype=h5py.string_dtype("utf-8", 1 << 16), chunks=(1,))
        many = file.create_dataset("same", shape=(300,), dtype=VARYING)
        many[0] = "x" * (1 << 20)
        at = many.id.get_offset()
        where = (at, many.id.get_storage_size())
    content = bytearray((tmp_path / "log.h5").read_bytes())
    content[where[0] : where[0] + where[1]] = bytes(content[where[0] : where[0] + 16]) * 300
    (tmp_path / "log.h5").write_bytes(content)
    with open_hdf5(tmp_path / "log.h5") as file:
        for path in ("/id", "/same"):
            with pytest.raises(RefusedFileError, match=r"log\.h5:/") as caught:
                file.read_text(path)
            assert caught.value.code in {"text-size", "expansion"}


def test_a_broken_name_is_a_log_format_error(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        names = file.create_dataset("id", data=["a" * 40, "b" * 40], dtype=VARYING)
        where = names.id.get_offset()
    content = bytearray((tmp_path / "log.h5").read_bytes())
    content[where + 4 : where + 12] = (1 << 40).to_bytes(8, "little")
    (tmp_path / "log.h5").write_bytes(content)
    with open_hdf5(tmp_path / "log.h5") as file, pytest.raises(LogFormatError, match=r"log\.h5:/id cannot be read"):
        file.read_text("/id")
