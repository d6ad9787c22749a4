"""NumPy files give the rows that were saved into them, and nothing else of whatever a stranger put there."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.numpy_files import archive, listing, numbers
from convscope.ingest.numpy_files.reading import look_into_numpy

ROWS = np.arange(12.0).reshape(4, 3)
KINDS = st.sampled_from(["<f4", ">f8", "<i8", "|u1", "|b1", "<f2"])


def read(container, name, *rows):
    with container.store.open() as file:
        return file.read(name, *rows)


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def header(text, version=b"\x01\x00"):
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode("latin1")


def zipped(path, *members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


@given(
    st.data(),
    KINDS,
    npst.array_shapes(min_dims=0, max_dims=4, max_side=5),
    st.booleans(),
    st.sampled_from(["npz", "compressed", "folder"]),
)
@settings(max_examples=60, deadline=None)
def test_any_rows_of_any_array_come_back(tmp_path_factory, data, kind, shape, is_fortran, how):
    folder = tmp_path_factory.mktemp("numpy")
    array = data.draw(npst.arrays(kind, shape))
    saved = np.asarray(array, order="F" if is_fortran else "C")
    if how == "folder":
        np.save(folder / "a.npy", saved)
        container = look_into_numpy(folder, ["a.npy"])
    else:
        (np.savez if how == "npz" else np.savez_compressed)(folder / "log.npz", a=saved, b=np.ones(2))
        container = look_into_numpy(folder / "log.npz")
    info = container.inventory.datasets["/a"]
    assert (info.shape, info.dtype) == (shape, np.dtype(kind).str)
    start, stop = data.draw(st.integers(0, 6)), data.draw(st.integers(0, 6) | st.none())
    store = pickle.loads(pickle.dumps(container.store))  # noqa: S301
    with store.open() as file:
        np.testing.assert_array_equal(file.read("/a"), array)
        if shape:
            expected = array[start : len(array) if stop is None else max(stop, start)]
            np.testing.assert_array_equal(file.read("/a", start, stop), expected)


def test_names_of_trees_become_paths_and_scalars_and_names_attributes(tmp_path):
    path = tmp_path / "log.npz"
    arrays = {"next/obs": ROWS, "traj.info.x": ROWS, "['a']['b']": ROWS, "p,q": ROWS}
    texts = {"agents": np.array(["scout", "carrier"]), "meta.env": np.array(b"spread"), "num_envs": np.array(2)}
    np.savez(path, **arrays, **texts)
    container = look_into_numpy(path)
    inventory = container.inventory
    assert sorted(inventory.datasets) == [
        *("/a/b", "/agents", "/meta/env", "/next/obs", "/num_envs", "/p/q", "/traj/info/x"),
    ]
    assert inventory.groups == ("/", "/a", "/meta", "/next", "/p", "/traj", "/traj/info")
    assert inventory.attributes == {"/": {"agents": ("scout", "carrier"), "num_envs": 2}, "/meta": {"env": "spread"}}
    with container.store.open() as file:
        assert file.read_text("/agents") == ("scout", "carrier")
        with pytest.raises(LogFormatError, match=r"log\.npz:/p/q holds no text"):
            file.read_text("/p/q")
        with pytest.raises(LogFormatError, match=r"log\.npz has no array /none"):
            file.read("/none")


def test_archives_of_a_folder_lie_below_their_names(tmp_path):
    np.savez(tmp_path / "episode_1.npz", a=ROWS)
    np.savez_compressed(tmp_path / "episode_0.npz", a=ROWS + 1)
    container = look_into_numpy(tmp_path, ["episode_0.npz", "episode_1.npz"])
    assert list(container.inventory.datasets) == ["/episode_0/a", "/episode_1/a"]
    assert [read(container, name, 1, 2)[0, 0] for name in container.inventory.datasets] == [4, 3]


def test_rows_are_read_without_the_rest_and_a_compressed_array_is_decompressed_once(tmp_path, monkeypatch):
    np.savez(tmp_path / "plain.npz", a=ROWS)
    np.savez_compressed(tmp_path / "small.npz", a=ROWS)
    plain, small = (look_into_numpy(tmp_path / name) for name in ("plain.npz", "small.npz"))
    calls = []
    monkeypatch.setattr(numbers, "read_member", lambda *a, **k: calls.append(a) or archive.read_member(*a, **k))
    monkeypatch.setattr(numbers, "_whole", wrapped(numbers._whole, calls))
    for container in (plain, small):
        for row in range(4):
            np.testing.assert_array_equal(read(container, "/a", row, row + 1), ROWS[row : row + 1])
    assert [call[0] for call in calls if isinstance(call, tuple)] == [tmp_path / "small.npz"]


def wrapped(function, calls):
    return lambda stored: calls.append("whole") or function(stored)


def test_what_is_kept_in_memory_stays_within_its_bytes():
    kept = numbers._Kept(100)
    made = []
    for key in (1, 2, 1, 3, 1, 2):
        kept.get(key, lambda key=key: made.append(key) or np.zeros(6))
    assert made == [1, 2, 3, 2]


def test_a_file_that_changes_is_listed_anew(tmp_path):
    np.savez_compressed(tmp_path / "log.npz", a=ROWS)
    assert read(look_into_numpy(tmp_path / "log.npz"), "/a").sum() == 66
    np.savez_compressed(tmp_path / "log.npz", a=ROWS + 1, b=ROWS)
    container = look_into_numpy(tmp_path / "log.npz")
    assert (read(container, "/a").sum(), len(container.inventory.datasets)) == (78, 2)


def test_objects_structures_and_dates_are_left_out_with_a_notice(tmp_path):
    np.savez(
        tmp_path / "log.npz",
        a=ROWS,
        o=np.array([{"x": 1}], dtype=object),
        s=np.zeros(2, [("x", "f4")]),
        d=np.array(["2020-01-01"], "M8[D]"),
        c=np.ones(2, complex),
    )
    inventory = look_into_numpy(tmp_path / "log.npz").inventory
    assert list(inventory.datasets) == ["/a"]
    assert {(n.code, n.where) for n in inventory.notices} == {
        ("skipped-objects", "/o"),
        ("skipped-structured", "/s"),
        ("skipped-opaque", "/d"),
    }


def test_a_pickle_in_a_member_is_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    np.savez(tmp_path / "log.npz", a=ROWS, o=np.array([Bomb()], dtype=object))
    container = look_into_numpy(tmp_path / "log.npz")
    read(container, "/a")
    assert not (tmp_path / "ran").exists()


SHAPES = {
    "huge": "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000), }",
    "negative": "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
    "true": "{'descr': '<f8', 'fortran_order': False, 'shape': (True,), }",
    "axes": "{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }",
    "item": "{'descr': '|S99999', 'fortran_order': False, 'shape': (1,), }",
    "long": "{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }",
    "code": "__import__('os').system('true')",
    "deep": "(" * 5000,
    "minus": "-" * 9000 + "1",
    "type": "{'descr': [[]], 'fortran_order': False, 'shape': (1,), }",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("how", ["npz", "folder"])
def test_a_header_that_lies_is_refused(tmp_path, text, how):
    content = header(text) + bytes(8)
    if how == "npz":
        with pytest.raises(LogFormatError, match=r"a\.npy"):
            look_into_numpy(zipped(tmp_path / "log.npz", ("a.npy", content)))
        return
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(LogFormatError, match=r"a\.npy"):
        look_into_numpy(tmp_path, ["a.npy"])


@pytest.mark.parametrize("version", [b"\x09\x00", b"\x03\x00"])
def test_an_unknown_version_and_a_cut_header_are_clear_errors(tmp_path, version):
    (tmp_path / "a.npy").write_bytes(header("{}", version))
    with pytest.raises(LogFormatError, match=r"a\.npy is no whole \.npy file"):
        look_into_numpy(tmp_path, ["a.npy"])
    (tmp_path / "a.npy").write_bytes(npy(ROWS)[:40])
    with pytest.raises(LogFormatError, match=r"a\.npy is no whole \.npy file"):
        look_into_numpy(tmp_path, ["a.npy"])


@pytest.mark.parametrize("cut", [-1, 8])
def test_an_array_that_is_shorter_or_longer_than_declared_is_refused(tmp_path, cut):
    content = npy(ROWS)
    (tmp_path / "a.npy").write_bytes(content[:cut] if cut < 0 else content + bytes(cut))
    with pytest.raises(RefusedFileError, match="declares 96 bytes and holds"):
        look_into_numpy(tmp_path, ["a.npy"])


@pytest.mark.parametrize("name", ["../a.npy", "x/../../a.npy", "/etc/a.npy", "x\\a.npy", "n" * 2000 + ".npy"])
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path, name):
    with pytest.raises(RefusedFileError):
        look_into_numpy(zipped(tmp_path / "log.npz", (name, npy(ROWS))))


def test_two_arrays_of_one_name_are_an_error(tmp_path):
    with pytest.raises(LogFormatError, match="two arrays called /x/y"):
        look_into_numpy(zipped(tmp_path / "log.npz", ("x.y.npy", npy(ROWS)), ("x/y.npy", npy(ROWS))))
    with pytest.warns(UserWarning, match="Duplicate"):
        zipped(tmp_path / "twice.npz", ("x.npy", npy(ROWS)), ("x.npy", npy(ROWS)))
    with pytest.raises(RefusedFileError, match="twice"):
        look_into_numpy(tmp_path / "twice.npz")


def test_bombs_are_refused(tmp_path, monkeypatch):
    bomb = zipped(tmp_path / "bomb.npz", ("a.npy", npy(np.zeros(1 << 18))), compression=zipfile.ZIP_DEFLATED)
    look_into_numpy(bomb)
    monkeypatch.setattr(archive, "EXPANSION_FLOOR", 1 << 20)
    monkeypatch.setattr(archive, "MAX_EXPANSION", 100)
    bomb.touch()
    with pytest.raises(RefusedFileError, match="declares 2097280 bytes and stores"):
        look_into_numpy(bomb)


def test_what_would_not_fit_in_memory_is_refused_with_a_remedy(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "log.npz", a=np.zeros(1 << 18))
    monkeypatch.setattr(listing, "MAX_IN_MEMORY", 1 << 20)
    with pytest.raises(LogFormatError, match=r"takes 2 MiB of memory, more than 1.*unzip it into a folder"):
        look_into_numpy(tmp_path / "log.npz")


def test_members_beyond_measure_are_refused(tmp_path, monkeypatch):
    path = zipped(tmp_path / "log.npz", *((f"a_{k}.npy", npy(np.ones(1))) for k in range(20)))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    with pytest.raises(RefusedFileError, match="20 members"):
        look_into_numpy(path)
    monkeypatch.setattr(archive, "MAX_DIRECTORY_BYTES", 100)
    with pytest.raises(RefusedFileError, match="list of members"):
        look_into_numpy(path)


@pytest.mark.parametrize(
    ("compression", "match"), [(zipfile.ZIP_BZIP2, "compressed in a way"), (zipfile.ZIP_LZMA, "compressed in a way")]
)
def test_other_compressions_are_refused(tmp_path, compression, match):
    with pytest.raises(RefusedFileError, match=match):
        look_into_numpy(zipped(tmp_path / "log.npz", ("a.npy", npy(ROWS)), compression=compression))


def test_an_encrypted_member_is_a_clear_error(tmp_path):
    path = zipped(tmp_path / "log.npz", ("a.npy", npy(ROWS)))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(LogFormatError, match="is encrypted"):
        look_into_numpy(path)


@pytest.mark.parametrize("is_compressed", [True, False])
def test_every_cut_and_every_flipped_byte_of_an_archive_is_an_error_or_harmless(tmp_path, is_compressed):
    path = tmp_path / "log.npz"
    (np.savez_compressed if is_compressed else np.savez)(path, a=np.arange(40.0), names=np.array(["x", "y"]))
    whole = path.read_bytes()
    edits = [whole[:size] for size in range(0, len(whole), 7)]
    edits += [whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :] for at in range(0, len(whole), 3)]
    n_errors = 0
    for edit in edits:
        path.write_bytes(edit)
        try:
            container = look_into_numpy(path)
            with container.store.open() as file:
                for name in container.inventory.datasets:
                    file.read(name)
        except LogFormatError:
            n_errors += 1
    assert n_errors > len(edits) // 3
