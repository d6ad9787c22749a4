"""A file grows in chunks that are written once, and keeps to itself in processes that are forked off."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from convscope.errors import OutputError
from convscope.ingest.hdf5.growing import MIN_CHUNK_ROWS, TABLE, TEXTS, next_chunk, open_growing, rows_storage
from convscope.ingest.hdf5.opening import open_guarded
from convscope.ingest.hdf5.publishing import claim
from convscope.ingest.hdf5.storage import CHUNK_BYTES
from convscope.ingest.hdf5.writing import create_hdf5


def growing(path, storage):
    with create_hdf5(path) as file:
        file.column("/x", ("row", "x_0"), (0, 2), dtype="<f4", missing=np.nan, storage=storage)
        file.column("/n", ("row",), (0,), dtype="<i4", missing=-1, storage=storage)
        file.column("/table", ("entry",), (0,), dtype="<i8", storage=TABLE)
        file.texts("/names", "name", (), width=4, storage=TEXTS)
    return open_growing(path)


def test_chunks_have_as_many_rows_in_all_columns_and_are_of_bounded_size():
    assert rows_storage(8, 100).chunk_rows == 100
    assert rows_storage(8, 3).chunk_rows == MIN_CHUNK_ROWS
    assert rows_storage(1024, 10**6).chunk_rows == CHUNK_BYTES // 1024
    assert rows_storage(CHUNK_BYTES, 10**6).chunk_rows == MIN_CHUNK_ROWS
    assert rows_storage(1 << 20, 10**6).chunk_rows == 16
    assert rows_storage(10**9, 10**6).chunk_rows == 1
    storage = rows_storage(8, 100)
    assert [next_chunk(n, storage) for n in (0, 1, 100, 101)] == [0, 100, 100, 200]


def test_what_is_appended_is_there_and_what_was_left_out_is_missing(tmp_path):
    storage = rows_storage(8, 64)
    file = growing(tmp_path / "log.h5", storage)
    for start in (0, 64):
        for path, values in (("/x", np.ones((3, 2), "<f4")), ("/n", np.arange(3, dtype="<i4"))):
            file.append(path, start, values)
    file.append_texts("/names", 0, ["ab", "ß" * 3])
    file.close()
    with h5py.File(tmp_path / "log.h5") as found:
        assert found["n"][:].tolist() == [0, 1, 2, *[-1] * 61, 0, 1, 2]
        assert np.isnan(found["x"][3:64]).all()
        assert np.isfinite(found["x"][64:]).all()
        assert found["names"].asstr()[:].tolist() == ["ab", "ßß"]  # cut between letters
        assert found["x"].chunks == (64, 2)
        assert all(found[name].fletcher32 for name in ("x", "n"))
        assert not found["table"].fletcher32


def test_pieces_that_begin_a_chunk_do_not_move_those_before_them(tmp_path):
    storage = rows_storage(8, 64)
    file = growing(tmp_path / "log.h5", storage)
    rng = np.random.default_rng(0)
    places = {}
    for start in range(0, 640, 64):
        piece = rng.normal(size=(64, 2)).astype("<f4")
        file.append("/x", start, piece)
        file.flush()
        content = (tmp_path / "log.h5").read_bytes()
        places[piece.tobytes()] = content.find(piece.tobytes())
        assert all(content.count(written) == 1 for written in places)
        assert all(content.find(written) == place for written, place in places.items())
    file.close()


def test_readers_get_what_was_flushed_and_no_second_writer_gets_in(tmp_path):
    file = growing(tmp_path / "log.h5", rows_storage(8, 64))
    file.append("/n", 0, np.arange(5, dtype="<i4"))
    file.flush()
    code = (
        "import sys; from pathlib import Path\n"
        "from convscope.ingest.hdf5.opening import open_guarded\n"
        "from convscope.ingest.hdf5.growing import open_growing\n"
        "file, is_unfinished = open_guarded(Path(sys.argv[1]))\n"
        "assert is_unfinished and file['n'][:].tolist() == [0, 1, 2, 3, 4]\n"
        "open_growing(Path(sys.argv[1]))\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "log.h5"], capture_output=True, text=True, check=False
    )
    assert "OutputError" in other.stderr
    assert "AssertionError" not in other.stderr
    file.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks nothing")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_is_forked_off_leaves_the_file_alone(tmp_path):
    path = tmp_path / "log.h5"
    file = growing(path, rows_storage(8, 64))
    file.append("/n", 0, np.arange(5, dtype="<i4"))
    file.flush()
    before = path.read_bytes()
    child = os.fork()
    if child == 0:
        file.append("/n", 64, np.arange(5, dtype="<i4"))
        file.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert path.read_bytes() == before
    file.append("/n", 64, np.arange(5, dtype="<i4"))
    file.close()
    found, is_unfinished = open_guarded(path)
    with found:
        assert not is_unfinished
        assert found["n"].shape == (69,)


def test_a_name_is_claimed_once(tmp_path):
    claim(tmp_path / "log.h5")
    with pytest.raises(OutputError, match="exists already"):
        claim(tmp_path / "log.h5")
    with pytest.raises(OutputError, match="cannot be written"):
        claim(tmp_path / "absent" / "log.h5")
    with create_hdf5(tmp_path / "log.h5", is_claimed=True) as file:
        file.texts("/names", "name", ["a"])
    with h5py.File(tmp_path / "log.h5") as found:
        assert found["names"].shape == (1,)
