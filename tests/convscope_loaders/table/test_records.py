"""Record tables in HDF5: one or many datasets with named columns are one table, and their paths say what they count."""

import h5py
import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import probe
from convscope.ingest.table_mapping import TableMapping
from tests.convscope_loaders.table.rows import LENGTHS, ROWS, is_same, opened, whole, without, write

DTYPE = np.dtype(
    [
        ("seed", "<i4"),
        ("episode", "<i8"),
        ("t", "<u2"),
        ("agent", "S8"),
        ("x", "<f8"),
        ("y", "<f4"),
        ("action", "S8"),
        ("reward", "<f8"),
        ("done", "?"),
    ]
)


def records(rows, dtype=DTYPE):
    return np.array([tuple(row[name] for name in dtype.names) for row in rows], dtype)


def only(dtype, *names):
    return np.dtype([(name, dtype[name]) for name in names])


def of(seed, episode):
    return [row for row in ROWS if (row["seed"], row["episode"]) == (seed, episode)]


@pytest.mark.parametrize("options", [{}, {"chunks": (4,), "compression": "gzip", "shuffle": True}])
def test_a_dataset_with_named_columns_is_a_table(tmp_path, options):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("study/log", data=records(ROWS), **options)
    expected = opened(write(tmp_path / "log.csv", ROWS))
    found = opened(path)
    assert is_same(found, expected)
    assert found.episodes.runs == ("seed_0", "seed_1")
    assert choose(probe(path, "log.h5"), [own.loader for own in installed_loaders()[0]]).loader.name == "table"


def test_tables_of_runs_and_episodes_are_joined_in_order(tmp_path):
    dtype = only(DTYPE, "t", "agent", "x", "y", "action", "reward")
    with h5py.File(tmp_path / "log.h5", "w") as file:
        for seed in (0, 1):
            for episode in (0, 1):
                file[f"run_{seed}/episode_{episode}"] = records(of(seed, episode), dtype)
    log = opened(tmp_path / "log.h5")
    assert log.episodes.runs == ("run_0", "run_1")
    assert log.episodes.length.tolist() == LENGTHS
    expected = opened(write(tmp_path / "log.csv", without(ROWS, "done")))
    ours, theirs = whole(log, max_bytes=1), whole(expected)
    assert np.array_equal(ours[0], theirs[0])
    assert all(np.array_equal(ours[1][name], theirs[1][name], equal_nan=True) for name in theirs[1])


def test_layouts_and_agents_in_paths_are_known(tmp_path):
    dtype = only(DTYPE, "t", "x", "y", "action")
    with h5py.File(tmp_path / "log.h5", "w") as file:
        for slot, agent in enumerate(("ann", "bob")):
            file[f"agent_{slot}/steps"] = records([row for row in of(1, 0) if row["agent"] == agent], dtype)
    log = opened(tmp_path / "log.h5")
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]
    assert log.episodes.length.tolist() == [3]
    dtype = only(DTYPE, "episode", "t", "agent", "action")
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        for layout in ("ring", "room"):
            file[f"{layout}/steps"] = records([row for row in ROWS if row["seed"] == 0], dtype)
    log = opened(tmp_path / "maps.h5")
    assert log.episodes.conditions == ("ring", "room")
    assert log.episodes.n_episodes == 4


def test_arrays_in_a_column_are_vectors(tmp_path):
    dtype = np.dtype([("t", "<i4"), ("agent", "<i4"), ("obs", "<f4", (2, 3)), ("action", "<i4")])
    table = np.zeros(8, dtype)
    table["t"], table["agent"] = np.repeat(range(4), 2), np.tile(range(2), 4)
    table["obs"] = np.arange(48).reshape(8, 2, 3)
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["log"] = table
    assert whole(opened(tmp_path / "log.h5"))[1]["observations"][1, 0].tolist() == [12, 13, 14, 15, 16, 17]


def test_several_kinds_of_tables_are_ambiguous_until_a_mapping_says_which(tmp_path):
    path = tmp_path / "log.h5"
    with h5py.File(path, "w") as file:
        file["steps"] = records(ROWS)
        file["more/moves"] = records(ROWS[:4], only(DTYPE, "t", "agent", "action"))
        file["episodes"] = np.zeros(4, [("episode", "<i4"), ("length", "<i4")])
    with pytest.raises(AmbiguousLogError, match='path = "'):
        opened(path)
    log = opened(path, LogMapping(table=TableMapping(table="/steps")))
    assert log.episodes.length.tolist() == LENGTHS
    assert "left-out-arrays" in {notice.code for notice in log.header.notices}
    with pytest.raises(LogFormatError, match="no record table at /none"):
        opened(path, LogMapping(table=TableMapping(table="/none")))


def test_tables_of_one_kind_with_other_columns_are_refused(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["episode_0"] = records(of(0, 0), only(DTYPE, "t", "agent", "action"))
        file["episode_1"] = records(of(0, 1), only(DTYPE, "t", "agent", "action", "reward"))
    with pytest.raises(LogFormatError, match="different columns"):
        opened(tmp_path / "log.h5")


def test_texts_of_varying_length_are_refused_with_a_remedy(tmp_path):
    dtype = np.dtype([("t", "<i4"), ("agent", h5py.string_dtype()), ("action", "<i4")])
    table = np.zeros(4, dtype)
    table["agent"] = ["ann", "bob"] * 2
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["log"] = table
    with pytest.raises(LogFormatError, match="such as S16"):
        opened(tmp_path / "log.h5")


def test_pandas_tables_whose_names_are_pickled_are_refused_with_a_remedy(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["df/table"] = np.zeros(4, [("index", "<i8"), ("values_block_0", "<f8", (3,))])
    with pytest.raises(LogFormatError, match="data_columns=True"):
        opened(tmp_path / "log.h5")


def test_empty_tables_are_clear_errors(tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        file["log"] = records([])
    with pytest.raises(LogFormatError):
        opened(tmp_path / "log.h5")
    with h5py.File(tmp_path / "some.h5", "w") as file:
        file["episode_0"] = records(of(0, 0))
        file["episode_1"] = records([])
    assert opened(tmp_path / "some.h5").episodes.length.tolist() == [3]
