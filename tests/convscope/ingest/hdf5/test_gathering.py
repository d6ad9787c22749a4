"""Many small datasets are read as one, to the same numbers and with the same checks as one by one."""

import os
import zlib

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5 import reading
from convscope.ingest.hdf5.gathering import read_each, stored_arrays
from convscope.ingest.hdf5.listing import read_inventory
from convscope.ingest.hdf5.reading import Hdf5Reader, open_hdf5

FILTERS = [
    {},
    {"chunks": True},
    {"chunks": (3, 2), "maxshape": (None, None)},
    {"chunks": (3, 2), "maxshape": (None, None), "compression": "gzip", "shuffle": True, "fletcher32": True},
    {"chunks": (7, 5), "maxshape": (None, 5), "compression": "gzip"},
    {"chunks": (2, 5), "maxshape": (None, 5), "fletcher32": True},
]


def written(path, arrays, **options):
    with h5py.File(path, "w") as file:
        for number, array in enumerate(arrays):
            file.create_dataset(f"episode_{number}/obs", data=array, **options)
    return [f"/episode_{number}/obs" for number in range(len(arrays))]


def gathered(path, paths, start, stop):
    stored = stored_arrays(read_inventory(path), paths)
    assert stored is not None
    with open_hdf5(path) as file:
        return read_each(file, paths.__getitem__, start=np.array(start), stop=np.array(stop), stored=stored)


@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from(["<f4", ">f8", "<i2", "|u1", "?", "<f2"]),
    filters=st.sampled_from(FILTERS),
    spans=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5),
    order=st.randoms(use_true_random=False),
)
def test_any_rows_of_any_datasets_are_what_was_written(tmp_path_factory, dtype, filters, spans, order):
    arrays = [(np.arange(n * 5).reshape(n, 5) % 7 + number).astype(dtype) for number, (n, _, _) in enumerate(spans)]
    path = tmp_path_factory.mktemp("logs") / "log.h5"
    paths = written(path, arrays, **filters)
    which = order.sample(range(len(arrays)), len(arrays))
    start = np.array([min(low, len(array)) for array, (_, low, _) in zip(arrays, spans, strict=True)])
    stop = np.array([min(low + n, len(array)) for low, array, (_, _, n) in zip(start, arrays, spans, strict=True)])
    stored = stored_arrays(read_inventory(path), paths)
    expected = np.concatenate([arrays[e][start[e] : stop[e]] for e in which])
    with open_hdf5(path) as file:
        asked = {"path_of": [paths[e] for e in which].__getitem__, "start": start[which], "stop": stop[which]}
        for how in (stored.of(np.array(which)), None):
            read = read_each(file, **asked, stored=how)
            assert read.dtype.newbyteorder("=") == expected.dtype.newbyteorder("=")
            assert np.array_equal(read, expected)


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
    path = tmp_path / "log.h5"
    paths = written(path, [np.zeros(4096, "u1")], chunks=(4096,), **filters)
    with h5py.File(path, "r+") as file:
        lying = file.create_dataset("episode_1/obs", shape=(4096,), dtype="u1", chunks=(4096,), **filters)
        lying.id.write_direct_chunk((0,), stored, filter_mask=mask)
    paths.append("/episode_1/obs")
    with pytest.raises(RefusedFileError, match=r"log\.h5:/episode_1/obs") as caught:
        gathered(path, paths, [0, 0], [4096, 4096])
    assert caught.value.code == "broken-chunk"


def test_a_dataset_that_stores_less_than_it_declares_is_never_read_past_its_end(tmp_path):
    path = tmp_path / "log.h5"
    paths = written(path, [np.zeros(64, "u1"), np.arange(64, dtype="u1")])
    with h5py.File(path) as file:
        at = file["episode_1/obs"].id.get_offset()
    content = bytearray(path.read_bytes())
    size = (64).to_bytes(8, "little")
    # The layout message holds the place and then the size.
    where = content.find(at.to_bytes(8, "little") + size) + 8
    content[where : where + 8] = (32).to_bytes(8, "little")
    path.write_bytes(content)
    with pytest.raises(RefusedFileError, match="stores 32"):
        gathered(path, paths, [0, 0], [64, 64])


def test_what_only_the_library_can_read_is_read_by_the_library(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        kind = h5t.STD_I16LE.copy()
        kind.set_precision(12)
        twelve = h5d.create(file.id, b"twelve", kind, h5s.create_simple((4,)))
        twelve.write(h5s.ALL, h5s.ALL, np.array([1, -2, 3, -4], "<i2"))
        creation = h5p.create(h5p.DATASET_CREATE)
        creation.set_chunk((4,))
        twelve = h5d.create(file.id, b"twelve_chunked", kind, h5s.create_simple((4,)), creation)
        twelve.write(h5s.ALL, h5s.ALL, np.array([1, -2, 3, -4], "<i2"))
        creation = h5p.create(h5p.DATASET_CREATE)
        creation.set_layout(h5d.COMPACT)
        compact = h5d.create(file.id, b"compact", h5t.STD_I16LE, h5s.create_simple((4,)), creation)
        compact.write(h5s.ALL, h5s.ALL, np.array([1, -2, 3, -4], "<i2"))
        file.create_dataset("never_stored", (4,), "i2", fillvalue=7)
        file.create_dataset("half_stored", (4,), "i2", fillvalue=7, chunks=(2,))[:2] = 1
        file.create_dataset("lzf", data=np.array([1, -2, 3, -4], "i2"), compression="lzf")
    inventory = read_inventory(path)
    for name, expected in [
        ("twelve", [1, -2, 3, -4]),
        ("twelve_chunked", [1, -2, 3, -4]),
        ("compact", [1, -2, 3, -4]),
        ("never_stored", [7, 7, 7, 7]),
        ("half_stored", [1, 1, 7, 7]),
        ("lzf", [1, -2, 3, -4]),
    ]:
        stored = stored_arrays(inventory, [f"/{name}"])
        assert stored is None
        with open_hdf5(path) as file:
            assert (
                read_each(
                    file, [f"/{name}"].__getitem__, start=np.array([0]), stop=np.array([4]), stored=stored
                ).tolist()
                == expected
            )


def test_a_file_that_has_changed_since_is_read_by_the_library_again(tmp_path):
    path = tmp_path / "log.h5"
    paths = written(path, [np.arange(4), np.arange(5)])
    stored = stored_arrays(read_inventory(path), paths)
    written(path, [np.arange(10, 14), np.arange(20, 25)], chunks=True)
    os.utime(path, ns=(0, stored.stamp.modified + 1))
    with open_hdf5(path) as file:
        assert read_each(
            file, paths.__getitem__, start=np.array([0, 1]), stop=np.array([4, 5]), stored=stored
        ).tolist() == [
            *range(10, 14),
            *range(21, 25),
        ]


def test_a_file_with_a_preamble_is_read_right(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["episode_0/obs"] = np.arange(4)
        file["again"] = file["/"]
    inventory = read_inventory(path)
    assert [notice.code for notice in inventory.notices] == ["skipped-second-name"]
    paths = ["/episode_0/obs"]
    with open_hdf5(path) as file:
        read = read_each(
            file, paths.__getitem__, start=np.array([1]), stop=np.array([4]), stored=stored_arrays(inventory, paths)
        )
    assert read.tolist() == [1, 2, 3]


def test_datasets_of_several_types_are_read_one_by_one(tmp_path):
    path = tmp_path / "log.h5"
    paths = written(path, [np.arange(4), np.linspace(0, 1, 3)])
    assert stored_arrays(read_inventory(path), paths) is None
    with open_hdf5(path) as file:
        assert read_each(
            file, paths.__getitem__, start=np.array([3, 2]), stop=np.array([4, 3]), stored=None
        ).tolist() == [3, 1]


def test_reading_many_small_datasets_opens_none_of_them(tmp_path, monkeypatch):
    path = tmp_path / "log.h5"
    paths = written(path, [np.arange(4)] * 50, chunks=True, compression="gzip")
    stored = stored_arrays(read_inventory(path), [*paths, "/episode_50/obs"])
    opened = []
    monkeypatch.setattr(Hdf5Reader, "read", lambda self, dataset, start=0, stop=None: opened.append(dataset))
    monkeypatch.setattr(reading, "check_dataset", lambda *parts: opened.append(parts))
    with open_hdf5(path) as file:
        read = read_each(
            file, paths.__getitem__, start=np.zeros(50, int), stop=np.full(50, 4), stored=stored.of(np.arange(50))
        )
    assert read.tolist() == [0, 1, 2, 3] * 50
    assert opened == []
