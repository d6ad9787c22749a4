"""What is read of a file without the library is what the library says of it; all else is left to the library."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5.classic.file import read_classic
from convscope.ingest.hdf5.limits import LIMITS, Limits
from convscope.ingest.hdf5.listing import read_inventory, walk_by_library

DATA = Path(__file__).parents[4] / "data"
FILES = sorted(path for path in DATA.rglob("*") if path.suffix in {".h5", ".hdf5"})
_IN_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def said(inventory):
    arrays = [(info, info.pieces) for info in inventory.datasets.values()]
    attributes = [(path, list(values.items())) for path, values in inventory.attributes.items()]
    return repr((arrays, inventory.groups, attributes, inventory.notices, inventory.stamp))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_genuine_files_are_what_the_library_says(path):
    found = read_classic(path, LIMITS)
    assert found is None or said(found) == said(walk_by_library(path))


def test_most_genuine_files_need_no_library():
    n_read = sum(read_classic(path, LIMITS) is not None for path in FILES)
    # Those of TorchRL's checkpoints keep bytes that are no numbers; one is written in the format's third version.
    assert n_read >= len(FILES) - 6


_TYPES = st.sampled_from(["<f2", "<f4", "<f8", ">f8", "<i1", "<i8", ">i4", "<u2", "|u1", "|b1", "S3"])
_VALUES = st.one_of(
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False),
    st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=9),
    st.lists(st.text("abé", max_size=3), min_size=1, max_size=3),
    st.lists(st.integers(0, 9), max_size=3),
    st.booleans(),
)


@st.composite
def _arrays(draw):
    shape = tuple(draw(st.lists(st.integers(0, 7), max_size=3)))
    options = {}
    if shape and 0 not in shape and draw(st.booleans()):
        options["chunks"] = tuple(draw(st.integers(1, n)) for n in shape)
        options["compression"] = draw(st.sampled_from([None, "gzip", "lzf"]))
        options["shuffle"], options["fletcher32"] = draw(st.booleans()), draw(st.booleans())
    dtype = draw(_TYPES)
    options["fletcher32"] = options.get("fletcher32", False) and dtype != "S3"
    return shape, dtype, options


@_IN_TMP
@given(
    arrays=st.lists(_arrays(), max_size=40),
    depth=st.integers(0, 4),
    attributes=st.dictionaries(st.text("abé_ 1", min_size=1), _VALUES, max_size=5),
)
def test_any_tree_is_what_the_library_says(tmp_path, arrays, depth, attributes):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for number, (shape, dtype, options) in enumerate(arrays):
            group = file.require_group("/".join(f"level_{level}" for level in range(number % (depth + 1))) or "/")
            values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
            group.create_dataset(f"array_{number}", data=values, **options)
            if number % 5 == 0:
                group[f"array_{number}"].attrs.update(attributes)
                group[f"soft_{number}"] = h5py.SoftLink("/nowhere")
                group[f"again_{number}"] = group[f"array_{number}"]
    found = read_classic(path, LIMITS)
    assert found is not None
    assert said(found) == said(walk_by_library(path))


def test_a_thousand_names_and_chunks_are_all_found(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        for number in range(1000):
            file[f"episode_{number}/obs"] = np.zeros(number % 3 + 1)
        file.create_dataset("long", data=np.zeros(500), chunks=(1,))
        file.create_dataset("some", data=np.zeros(60), chunks=(1,))
        file.create_dataset("never", shape=(60,), chunks=(1,), dtype="f4")
    found = read_classic(path, LIMITS)
    assert said(found) == said(walk_by_library(path))
    assert found.datasets["/some"].pieces.n_pieces == 60
    assert found.datasets["/long"].pieces is None


def test_texts_beyond_ascii_and_after_a_zero_are_what_the_library_says(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        file.attrs["name"] = "Wächter → 1"
        file.attrs["names"] = ["é", "", "a" * 3000]
        file.attrs["fixed"] = np.array([b"ab", b"c"], "S2")
    assert said(read_classic(path, LIMITS)) == said(walk_by_library(path))


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        for episode in range(3):
            group = file.create_group(f"episode_{episode}")
            group["obs"] = np.zeros((4, 2), "f4")
            group.create_dataset("act", data=np.zeros(4, "i8"), chunks=(2,), compression="gzip")
            group.attrs["name"] = "text"
    return path


def test_a_file_cut_anywhere_is_left_to_the_library(log):
    whole = log.read_bytes()
    for n in range(0, len(whole), 97):
        log.write_bytes(whole[:n])
        assert read_classic(log, LIMITS) is None


@pytest.mark.parametrize(
    "budget", [{"objects": 3}, {"links": 2}, {"depth": 0}, {"name_bytes": 5}, {"attributes": 0}, {"attribute_bytes": 1}]
)
def test_what_goes_beyond_a_budget_is_left_to_the_library(log, budget):
    assert read_classic(log, LIMITS) is not None
    assert read_classic(log, Limits(**budget)) is None


@_IN_TMP
@given(places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4))
def test_broken_files_are_read_or_left_to_the_library(log, places):
    content = bytearray(log.read_bytes())
    for share, written in places:
        at = int(share * (len(content) - len(written)))
        content[at : at + len(written)] = written
    broken = log.with_name("broken.h5")
    broken.write_bytes(content)
    found = read_classic(broken, LIMITS)
    assert found is None or found.groups[0] == "/"


def test_trees_and_headers_that_lead_back_to_themselves_end(log):
    content = log.read_bytes()
    node = content.index(b"TREE\x00\x00")
    looped = bytearray(content)
    # It claims to be a node above others, and to be its own child.
    looped[node + 5] = 1
    looped[node + 32 : node + 40] = node.to_bytes(8, "little")
    log.write_bytes(looped)
    assert read_classic(log, LIMITS) is None
    header = bytearray(content)
    (root,) = np.frombuffer(content[64:72], "<u8").tolist()
    # Its first message becomes a continuation at its own place.
    header[root + 16 : root + 18] = (0x10).to_bytes(2, "little")
    header[root + 24 : root + 40] = (root + 16).to_bytes(8, "little") + (24).to_bytes(8, "little")
    log.write_bytes(header)
    assert read_classic(log, LIMITS) is None


def test_what_leads_out_of_the_file_is_refused_by_the_library(log):
    with h5py.File(log, "a") as file:
        file["away"] = h5py.ExternalLink("other.h5", "/")
    assert read_classic(log, LIMITS) is None


def test_a_path_cannot_be_made_of_a_name_with_a_slash(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        file["episode_0"] = np.zeros(3)
    path.write_bytes(path.read_bytes().replace(b"episode_0", b"epi/ode_0"))
    assert read_classic(path, LIMITS) is None


@pytest.mark.parametrize("is_attribute", [True, False])
def test_a_broken_heap_is_refused_whoever_holds_the_texts(tmp_path, is_attribute):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        if is_attribute:
            file.attrs["names"] = ["a", "b"]
        else:
            file["names"] = ["a", "b"]
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 64] = bytes(48)
    path.write_bytes(content)
    with pytest.raises(RefusedFileError) as caught:
        read_inventory(path)
    assert caught.value.code == "broken-heap"
