"""Files from strangers cannot reach outside themselves, nor exhaust the reader."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.hdf5.heaps import check_heaps
from convscope.ingest.hdf5.listing import read_inventory
from convscope.ingest.hdf5.reading import open_hdf5
from convscope.ingest.validate import validate_log


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as opened:
        opened["actions"] = np.zeros((4, 2), "i4")
        yield opened


def code_of(file):
    path = Path(file.filename)
    file.close()
    with pytest.raises(RefusedFileError) as caught:
        read_inventory(path)
    assert str(path) in str(caught.value)
    return caught.value.code


def inventory_of(file):
    path = Path(file.filename)
    file.close()
    return read_inventory(path)


def test_an_external_link_is_refused(file):
    file["more"] = h5py.ExternalLink("other.h5", "/")
    assert code_of(file) == "external-link"


def test_an_external_link_behind_a_soft_link_is_refused(file):
    file["away"] = h5py.ExternalLink("other.h5", "/log")
    file["episode_0"] = h5py.SoftLink("/away/episode_0")
    assert code_of(file) == "external-link"


def test_external_storage_is_refused_though_its_file_exists(file, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(64))
    file.create_dataset("obs", shape=(64,), dtype="u1", external=[(str(secret), 0, 64)])
    assert code_of(file) == "external-storage"


def test_external_storage_is_refused_though_the_bytes_seem_to_lie_in_the_file(file, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(64))
    file.create_dataset("obs", shape=(64,), dtype="u1", external=[(str(secret), 0, 64)])
    path = Path(file.filename)
    file.close()
    content = path.read_bytes()
    # A layout message: version 3, contiguous, no address, 64 bytes.
    layout = b"\x03\x01%s" + (64).to_bytes(8, "little")
    assert content.count(layout % (b"\xff" * 8)) == 1
    path.write_bytes(content.replace(layout % (b"\xff" * 8), layout % (512).to_bytes(8, "little")))
    with h5py.File(path) as crafted:
        assert crafted["obs"].id.get_offset() == 512
    with pytest.raises(RefusedFileError) as caught:
        read_inventory(path)
    assert caught.value.code == "external-storage"


def test_a_virtual_dataset_is_refused(file):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource(".", "actions", shape=(4,))
    file.create_virtual_dataset("obs", layout)
    assert code_of(file) == "virtual-dataset"


@pytest.mark.parametrize(
    ("shape", "chunks", "code"),
    [
        ((2**40, 2**22), (64, 64), "declared-size"),
        ((10**7,), (1,), "chunk-count"),
        ((2**29,), (2**29,), "chunk-size"),
        ((2**27,), (2**16,), "expansion"),
    ],
)
def test_absurd_sizes_are_refused_before_anything_is_allocated(file, shape, chunks, code):
    file.create_dataset("obs", shape=shape, dtype="u1" if len(shape) == 2 else "f4", chunks=chunks)
    assert code_of(file) == code


def test_a_huge_element_is_refused(file):
    kind = h5t.array_create(h5t.NATIVE_FLOAT, (2**14, 2**14))
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_alloc_time(h5d.ALLOC_TIME_LATE)
    h5d.create(file.id, b"obs", kind, h5s.create_simple((4,)), creation)
    assert code_of(file) == "type-size"


def test_a_filter_that_is_applied_twice_is_refused(file):
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk((8,))
    creation.set_deflate(9)
    creation.set_deflate(9)
    h5d.create(file.id, b"obs", h5t.NATIVE_FLOAT, h5s.create_simple((8,)), creation)
    assert code_of(file) == "filter-repeated"


def test_a_filter_with_a_fragile_decoder_is_refused(file):
    file.create_dataset("obs", data=np.arange(64, dtype="i4"), chunks=(64,), scaleoffset=0)
    assert code_of(file) == "filter"


@pytest.mark.parametrize("kind", [h5py.vlen_dtype("f4"), h5py.ref_dtype, h5py.regionref_dtype])
def test_datasets_of_objects_are_refused(file, kind):
    file.create_dataset("obs", shape=(2,), dtype=kind)
    assert code_of(file) == "object-type"


def test_deep_nesting_is_refused(file):
    group = file
    for _ in range(40):
        group = group.create_group("d")
    assert code_of(file) == "depth"


def test_many_attributes_are_refused(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w", libver="latest") as file:
        for number in range(1100):
            file.attrs[f"a{number}"] = number
        assert code_of(file) == "attributes"


def test_a_link_cycle_is_visited_once_and_said(file):
    file.create_group("episode_0")["again"] = file["/"]
    inventory = inventory_of(file)
    assert inventory.groups == ("/", "/episode_0")
    assert [notice.code for notice in inventory.notices] == ["skipped-second-name"]


def test_doubling_hard_links_do_not_multiply(file):
    group = file.create_group("level")
    for _ in range(12):
        deeper = file.create_group(f"deeper_{len(file)}")
        group["a"], group["b"] = deeper, deeper
        group = deeper
    assert len(inventory_of(file).groups) == 14


def test_soft_links_are_skipped_and_said(file):
    file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/actions")
    inventory = inventory_of(file)
    assert list(inventory.datasets) == ["/actions"]
    assert inventory.notices[0].code == "skipped-soft-link"
    assert "(2)" in inventory.notices[0].message


def test_bytes_of_unknown_kind_are_left_out_and_never_unpickled(file):
    file["policy"] = np.void(b"\x80\x04cos\nsystem\n")
    inventory = inventory_of(file)
    assert "/policy" not in inventory.datasets
    assert inventory.notices[0].code == "skipped-opaque"


def with_broken_heap(path):
    with h5py.File(path, "w") as file:
        file.attrs["agents"] = ["scout", "guard"]
        file["obs"] = np.arange(4)
    content = bytearray(path.read_bytes())
    heap = content.find(b"GCOL")
    content[heap + 16 : heap + 64] = bytes(48)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("look", [read_inventory, validate_log])
def test_a_broken_string_heap_is_refused_instead_of_hanging(tmp_path, look):
    with pytest.raises(RefusedFileError, match="broken heap"):
        look(with_broken_heap(tmp_path / "log.h5"))


def test_rows_are_read_without_looking_through_the_whole_file_again(tmp_path):
    with open_hdf5(with_broken_heap(tmp_path / "log.h5")) as file:
        assert file.read("/obs").tolist() == [0, 1, 2, 3]


def test_a_pipe_is_refused_without_being_opened(tmp_path):
    path = tmp_path / "log.h5"
    os.mkfifo(path)
    with pytest.raises(RefusedFileError, match="no plain file"):
        read_inventory(path)


@pytest.mark.parametrize("n_bytes", [9, 64, 800, 1500])
def test_a_truncated_file_is_an_error_that_names_it(file, n_bytes):
    path = Path(file.filename)
    file.close()
    with path.open("r+b") as stream:
        stream.truncate(n_bytes)
    with pytest.raises(LogFormatError, match=r"log\.h5"):
        read_inventory(path)


@pytest.mark.parametrize("before", [0, (1 << 20) - 4, (1 << 20) - 8, (1 << 20) + 3])
def test_a_broken_string_heap_is_found_wherever_it_lies(tmp_path, before):
    path = tmp_path / "heap.bin"
    heap = b"GCOL\x01\x00\x00\x00" + (4096).to_bytes(8, "little") + bytes(4080)
    path.write_bytes(b"GCOL" + bytes(before) + heap)
    with pytest.raises(RefusedFileError, match=f"byte {before + 4},"):
        check_heaps(path)


def test_heaps_that_claim_each_other_are_refused_before_they_take_for_ever(tmp_path):
    path = tmp_path / "heap.bin"
    # Each heap goes on to the end of the file: its objects hold the heads of all that follow.
    head = b"GCOL\x01\x00\x00\x00" + (1 << 40).to_bytes(8, "little")
    holder = (1).to_bytes(8, "little") + (16).to_bytes(8, "little")
    path.write_bytes((head + holder) * 200_000)
    with pytest.raises(RefusedFileError, match="broken heap"):
        check_heaps(path)
