"""Large datasets: their chunks are listed once in a process, and what is read is what was written."""

import zlib

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5 import chunk_tables
from convscope.ingest.hdf5.reading import open_hdf5

RNG = np.random.default_rng(0)


@pytest.fixture
def listed(monkeypatch):
    """The datasets that were listed."""
    seen = []
    make = chunk_tables._table
    monkeypatch.setattr(chunk_tables, "_table", lambda handle, grid: (seen.append(grid.shape), make(handle, grid))[1])
    monkeypatch.setattr(chunk_tables, "_held", type(chunk_tables._held)())
    return seen


@pytest.mark.parametrize("libver", ["earliest", ("v110", "v110"), "latest"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"maxshape": (None, 6)},
        {"maxshape": (None, None)},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"maxshape": (None, 6), "compression": "gzip"},
        {"compression": "lzf"},
    ],
    ids=["fixed", "growing", "growing-twice", "packed", "packed-growing", "lzf"],
)
def test_any_rows_of_many_chunks_are_what_was_written(tmp_path, libver, options, listed):
    written = np.full((301, 6), -1, "f4")
    with h5py.File(tmp_path / "log.h5", "w", libver=libver) as file:
        dataset = file.create_dataset("x", written.shape, "f4", chunks=(3, 4), fillvalue=-1, **options)
        for start in (0, 30, 33, 150, 297):
            written[start : start + 4] = RNG.normal(size=(4, 6))
            dataset[start : start + 4] = written[start : start + 4]
    for start, stop in ((0, 301), (0, 1), (32, 35), (200, 220), (299, 301)):
        with open_hdf5(tmp_path / "log.h5") as file:
            np.testing.assert_array_equal(file.read("/x", start, stop), written[start:stop])
            np.testing.assert_array_equal(file.read_part("/x", {0: (start, stop), 1: (1, 5)}), written[start:stop, 1:5])
    assert listed == [(301, 6)]


def test_chunks_that_were_set_aside_but_not_written_are_read(tmp_path):
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk((2,))
    creation.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    with h5py.File(tmp_path / "log.h5", "w", libver="latest") as file:
        h5d.create(file.id, b"x", h5t.NATIVE_INT32, h5s.create_simple((400,)), creation)
        file["x"][7] = 5
    with open_hdf5(tmp_path / "log.h5") as file:
        assert file.read("/x", 6, 9).tolist() == [0, 5, 0]


def test_a_lying_chunk_among_many_is_an_error(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        dataset = file.create_dataset("x", (400,), "u1", chunks=(4,), compression="gzip")
        dataset[:] = 1
        dataset.id.write_direct_chunk((200,), zlib.compress(b"A"))
    with open_hdf5(tmp_path / "log.h5") as file:
        assert file.read("/x", 0, 200).tolist() == [1] * 200
        with pytest.raises(RefusedFileError, match=r"the chunk at \(200,\) decodes to 1 of 4 bytes"):
            file.read("/x", 100, 300)


def test_another_file_of_the_same_name_is_listed_anew(tmp_path, listed):
    path = tmp_path / "log.h5"
    for value, n_written in ((1, 400), (2, 40)):
        with h5py.File(path, "w") as file:
            file.create_dataset("x", (400,), "i4", chunks=(4,))[:n_written] = value
        with open_hdf5(path) as file:
            assert file.read("/x").tolist() == [value] * n_written + [0] * (400 - n_written)
    assert len(listed) == 2


def test_no_more_is_remembered_than_is_allowed(tmp_path, listed, monkeypatch):
    monkeypatch.setattr(chunk_tables, "MAX_HELD", 250)
    with h5py.File(tmp_path / "log.h5", "w") as file:
        for name in "abc":
            file.create_dataset(name, data=np.arange(400), chunks=(4,))
    with open_hdf5(tmp_path / "log.h5") as file:
        for name in "abcab":
            assert file.read(f"/{name}", 9, 11).tolist() == [9, 10]
        assert sum(len(table.numbers) for table in chunk_tables._held.values()) <= 250
        monkeypatch.setattr(chunk_tables, "MAX_HELD", 80)
        assert file.read("/c", 9, 11).tolist() == [9, 10]
    assert len(listed) == 5
