"""Parquet and Arrow files are read by rows, say the same as text, and hurt nobody when they are crafted."""

import pickle

import numpy as np
import polars as pl
import pytest

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.probe import probe
from convscope_loaders.table import frames
from convscope_loaders.table.frames import FrameReader
from tests.convscope_loaders.table.rows import LENGTHS, ROWS, is_same, opened, whole, write

KINDS = ["log.parquet", "log.arrow", "log.feather"]


def write_frame(path, rows, **options):
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows)
    if path.suffix == ".parquet":
        frame.write_parquet(path, **options)
    else:
        frame.write_ipc(path, **options)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_every_binary_format_says_what_text_says(tmp_path, name):
    expected = opened(write(tmp_path / "log.csv", ROWS))
    path = write_frame(tmp_path / name, ROWS)
    assert is_same(opened(path), expected)
    assert choose(probe(path, name), [own.loader for own in installed_loaders()[0]]).loader.name == "table"


@pytest.mark.parametrize("name", KINDS)
def test_types_of_columns_do_not_matter(tmp_path, name):
    frame = pl.DataFrame(ROWS).with_columns(
        pl.col("agent").cast(pl.Categorical),
        pl.col("action").cast(pl.Enum(["stay", "left", "right", "jump"])),
        pl.col("t").cast(pl.UInt8),
        pl.col("reward").cast(pl.Decimal(10, 2)),
        pl.col("x").cast(pl.Float32),
        pl.col("done").cast(pl.Int8),
    )
    assert is_same(opened(write_frame(tmp_path / name, frame)), opened(write(tmp_path / "log.csv", ROWS)))


@pytest.mark.parametrize("name", KINDS)
def test_lists_arrays_and_structures_are_vectors(tmp_path, name):
    frame = pl.DataFrame(ROWS).with_columns(
        pl.concat_list("x", "y").alias("obs"),
        pl.concat_arr("x", "y", pl.col("t").cast(pl.Float64)).alias("messages"),
        pl.struct(pl.col("x").alias("load"), pl.struct("y").alias("more")).alias("info"),
        pl.concat_list(pl.concat_list("x", "y"), pl.concat_list("y", "x")).alias("grid"),
    )
    columns = whole(opened(write_frame(tmp_path / name, frame)))[1]
    assert columns["observations"][1].tolist() == [[1, 0], [1, 1]]
    assert columns["messages"][1].tolist() == [[1, 0, 1], [1, 1, 1]]
    assert columns["info/info_load"][1].tolist() == [1, 1]
    assert columns["info/info_more_y"][1].tolist() == [0, 1]
    assert columns["info/grid"][1].tolist() == [[1, 0, 0, 1], [1, 1, 1, 1]]


@pytest.mark.parametrize("name", KINDS)
def test_missing_lists_and_missing_entries_are_missing_numbers(tmp_path, name):
    frame = pl.DataFrame(
        {"t": [0, 1, 2, 3], "agent": ["a"] * 4, "action": [0, 1, None, 1], "obs": [[1, None], None, [3, 4], [5, 6]]},
        schema_overrides={"obs": pl.List(pl.Int64)},
    )
    observed = whole(opened(write_frame(tmp_path / name, frame)))[1]["observations"]
    assert np.array_equal(observed[:, 0], [[1, np.nan], [np.nan] * 2, [3, 4], [5, 6]], equal_nan=True)


@pytest.mark.parametrize("name", KINDS)
def test_bytes_are_left_out_and_never_unpickled(tmp_path, name):
    frame = pl.DataFrame(ROWS).with_columns(pl.lit(b"\x80\x04.").alias("blob"), pl.lit(None).alias("nothing"))
    log = opened(write_frame(tmp_path / name, frame))
    assert log.episodes.length.tolist() == LENGTHS
    assert any("blob" in notice.message for notice in log.header.notices)


def test_no_column_is_loaded_whole_when_a_block_is_read(tmp_path, monkeypatch):
    n = 5000
    rows = {
        "episode": np.repeat(range(100), 50),
        "t": np.tile(np.repeat(range(25), 2), 100),
        "agent": np.tile(range(2), n // 2),
    }
    frame = pl.DataFrame({**rows, "action": np.zeros(n, int), **{f"obs_{k}": np.ones(n) for k in range(8)}})
    log = opened(write_frame(tmp_path / "log.parquet", frame, row_group_size=500))
    sizes = []
    read = FrameReader.read
    monkeypatch.setattr(FrameReader, "read", lambda *a: sizes.append(len(found := read(*a))) or found)
    blocks = list(log.blocks(frozenset({"observations"}), max_bytes=4000))
    assert len(blocks) > 20
    assert max(sizes) <= 500


def test_a_log_travels_to_other_processes_as_a_path_and_a_plan(tmp_path):
    log = opened(write_frame(tmp_path / "log.parquet", ROWS))
    (task,) = log.tasks(frozenset({"actions"}))
    packed = pickle.dumps(task)
    assert len(packed) < 5000
    there = pickle.loads(packed).load()  # noqa: S301
    assert np.array_equal(there.columns["actions"], task.load().columns["actions"], equal_nan=True)


def test_names_are_names_and_no_patterns(tmp_path):
    write_frame(tmp_path / "a.parquet", ROWS)
    path = write_frame(tmp_path / "[a].parquet", ROWS[:10])
    assert sum(opened(path).episodes.length.tolist()) < sum(LENGTHS)


@pytest.mark.parametrize("name", KINDS)
def test_files_that_are_cut_or_edited_are_errors_in_a_line(tmp_path, name):
    whole_file = write_frame(tmp_path / name, ROWS * 20).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / f"cut-{name}"
    contents = [whole_file[:n] for n in (12, len(whole_file) // 2)]
    for _ in range(3):
        edited = bytearray(whole_file)
        for place in rng.integers(4, len(edited) - 8, size=6):
            edited[place] = rng.integers(256)
        contents.append(bytes(edited))
    for content in contents:
        path.write_bytes(content)
        try:
            whole(opened(path))
        except ConvscopeError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_file_that_would_abort_its_reader_is_refused(tmp_path, monkeypatch):
    path = write_frame(tmp_path / "log.parquet", ROWS)
    crash = tmp_path / "crash.py"
    crash.write_text("import os\nos.abort()\n")
    monkeypatch.setattr("convscope.ingest.columnar_trial.__file__", str(crash))
    with pytest.raises(LogFormatError, match="decoding it ends in a crash"):
        opened(path)


def test_more_rows_than_a_file_can_hold_are_refused(tmp_path, monkeypatch):
    n = 3_000_000
    frame = pl.DataFrame(
        {"t": np.zeros(n, int), "agent": np.zeros(n, int), "action": np.zeros(n, int), "x": np.zeros(n)}
    )
    path = write_frame(tmp_path / "log.parquet", frame)
    with pytest.raises(LogFormatError, match="declares 3000000 rows of"):
        opened(path)
    monkeypatch.setattr(frames, "MAX_ROWS", 10)
    with pytest.raises(LogFormatError, match="more than the 10 that are read at once"):
        opened(write_frame(tmp_path / "small.parquet", ROWS))
