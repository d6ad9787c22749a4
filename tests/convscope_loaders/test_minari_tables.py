"""Minari datasets in Arrow and Parquet read as those in HDF5 do."""

import json
import pickle
import shutil
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.finding import find_logs
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.minari import LOADER, tables
from tests.convscope_loaders.reading import opened_by, whole

MPE = Path(__file__).parents[1] / "data" / "minari" / "mpe"
ARROW, PARQUET, TUPLE = (MPE / "speaker" / f"random-{kind}-v0" / "data" for kind in ("arrow", "parquet", "tuple"))


opened = partial(opened_by, LOADER, score=0.9)


def table(n_rows, **more):
    """A table of an episode with two agents, a and b."""
    numbers = np.arange(n_rows, dtype=np.float32)
    flags = [row == n_rows - 2 for row in range(n_rows)]
    columns = {
        "observations": [{"a": [x, x + 1], "b": [-x]} for x in numbers.tolist()],
        "actions": [{"a": row % 3, "b": 0} for row in range(n_rows)],
        "rewards": numbers.tolist(),
        "terminations": flags,
        "truncations": [False] * n_rows,
        **more,
    }
    observed = pl.Struct({"a": pl.Array(pl.Float32, 2), "b": pl.Array(pl.Float32, 1)})
    return pl.DataFrame(columns, schema_overrides={"observations": observed} if "observations" not in more else {})


def saved(tmp_path, frames, suffix="arrow", metadata=None):
    (tmp_path / "metadata.json").write_text(json.dumps(metadata or {}))
    for number, frame in frames.items():
        (tmp_path / str(number)).mkdir()
        path = tmp_path / str(number) / f"part-0.{suffix}"
        frame.write_ipc(path) if suffix == "arrow" else frame.write_parquet(path)
    return opened(tmp_path)


@pytest.mark.parametrize("folder", [ARROW, PARQUET], ids=["arrow", "parquet"])
def test_one_recording_in_three_storages_reads_equal(folder):
    log, other = opened(folder), opened(TUPLE / "main_data.hdf5")
    assert [agent.name for agent in log.header.agents] == ["listener_0", "speaker_0"]
    assert [agent.action_space.n for agent in log.header.agents] == [(5,), (3,)]
    assert log.header.environment == f"mpe/speaker/random-{folder.parent.name.split('-')[1]}-v0"
    assert log.episodes.conditions == ("random",)
    assert log.episodes.path == other.episodes.path
    assert log.episodes.length.tolist() == other.episodes.length.tolist() == [12] * 4
    assert log.episodes.rows.tolist() == other.episodes.rows.tolist() == [13] * 4
    assert log.episodes.end.tolist() == other.episodes.end.tolist() == [EndKind.TRUNCATED] * 4
    mine, theirs = whole(log), whole(other)
    assert (mine.status[12::13] == Status.WAITING).all()
    for name in ("observations", "actions"):
        # A Tuple has the speaker first, and names nobody.
        np.testing.assert_array_equal(mine.columns[name], theirs.columns[name][:, ::-1])
    np.testing.assert_array_equal(mine.columns["team_rewards"], theirs.columns["team_rewards"])
    with h5py.File(TUPLE / "main_data.hdf5") as file:
        own = file["episode_3/infos/agent_reward/listener_0"][1:]
    np.testing.assert_array_equal(mine.columns["rewards"][-13:-1, 0], own)


def test_the_padding_after_the_last_step_is_no_step():
    block = whole(opened(ARROW))
    assert np.isnan(block.columns["actions"][12::13]).all()
    assert np.isnan(block.columns["team_rewards"][12::13]).all()
    assert np.isfinite(block.columns["observations"][12::13, 0]).all()
    assert any("padding" in sentence for sentence in opened(ARROW).header.inputs[0].assumptions)


def test_a_namespace_stands_for_the_datasets_below_it():
    found = [path.relative_to(MPE).as_posix() for path in find_logs([MPE])]
    assert found == [
        "speaker/random-arrow-v0/data",
        "speaker/random-parquet-v0/data",
        "speaker/random-tuple-v0/data/main_data.hdf5",
    ]
    assert find_logs([PARQUET.parent]) == [PARQUET]
    log = open_logs(find_logs([ARROW.parent, PARQUET.parent]))
    assert log.episodes.length.tolist() == [12] * 8
    assert len(log.episodes.runs) == 2


def test_a_single_episode_is_an_error_that_names_the_folder():
    found = probe(ARROW / "2" / "part-0.arrow", "part-0.arrow")
    assert LOADER.sniff(found).score == 0.9
    with pytest.raises(LogFormatError, match=r"one episode of a Minari dataset.*random-arrow-v0/data"):
        LOADER.open(found, None)


def test_episodes_are_in_numbered_order_in_blocks_of_any_size(tmp_path):
    log = saved(tmp_path, {10: table(3), 9: table(4), 2: table(1)}, "parquet")
    assert log.episodes.path == ("/episode_9", "/episode_10")
    assert log.episodes.length.tolist() == [3, 2]
    assert [notice.code for notice in log.header.notices] == ["empty-episodes"]
    log = pickle.loads(pickle.dumps(log))  # noqa: S301  as an engine sends it to a process
    blocks = list(log.blocks(frozenset({"actions"}), max_bytes=1))
    assert [block.columns["actions"][:, 0, 0].tolist()[:-1] for block in blocks] == [[0, 1, 2], [0, 1]]


def test_large_tables_are_read_column_by_column_and_forgotten(tmp_path, monkeypatch):
    tables_of = {number: table(4) for number in range(3)}
    expected = whole(saved(tmp_path, tables_of))
    monkeypatch.setattr(tables, "_SMALL_BYTES", 0)
    monkeypatch.setattr(tables, "_MAX_KEPT_BYTES", 1)
    found = whole(opened(tmp_path))
    for name, column in expected.columns.items():
        np.testing.assert_array_equal(found.columns[name], column)


def test_entries_of_tuples_are_named_as_in_hdf5(tmp_path):
    frame = table(3)
    frame = frame.with_columns(
        pl.col("observations").struct.rename_fields(["0", "1"]), pl.col("actions").struct.rename_fields(["0", "1"])
    )
    space = {"type": "Tuple", "subspaces": [{"type": "Discrete", "n": 7, "start": 0}] * 2}
    log = saved(tmp_path, {0: frame}, metadata={"action_space": json.dumps(space)})
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]
    assert log.header.agents[0].action_space.n == (7,)
    assert whole(log).columns["observations"][:, 0].tolist() == [[0, 1], [1, 2], [2, 3]]


def test_images_and_texts_are_left_out_with_a_notice(tmp_path):
    seen = [
        {"a": {"image": b"\xff\xd8", "own": float(row)}, "b": {"image": b"\xff\xd8", "own": 0.0}} for row in range(3)
    ]
    log = saved(tmp_path, {0: table(3, observations=seen, infos=["{}"] * 3)})
    assert whole(log).columns["observations"][:, 0, 0].tolist() == [0, 1, 2]
    assert {notice.where for notice in log.header.notices} == {"infos", "observations/a/image", "observations/b/image"}
    assert all("images" in notice.message for notice in log.header.notices)


def test_agents_of_whom_only_images_are_kept_have_no_observations(tmp_path):
    log = saved(tmp_path, {0: table(3, observations=[{"a": b"\xff", "b": b"\xff"}] * 3)})
    assert not log.has("observations")
    assert log.episodes.rows.tolist() == [2]


def test_names_with_slashes_are_found(tmp_path):
    infos = [{"won/lost": {"a/x": float(row)}, "won": {"y": 1.0}} for row in range(3)]
    log = saved(tmp_path, {0: table(3, infos=infos)})
    assert whole(log).columns["info/won/lost/a/x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"actions": [0, 1, 2]}, "nothing tells the agents apart"),
        ({"terminations": [False, None, False]}, "/episode_0/terminations has rows without a value"),
        ({"actions": [{"a": "up", "b": "up"}] * 3}, "actions must be numbers"),
        ({"rewards": [{"a": 1.0}] * 3}, "no episode with rewards"),
    ],
)
def test_what_does_not_fit_is_one_clear_error(tmp_path, change, words):
    with pytest.raises(LogFormatError, match=words):
        whole(saved(tmp_path, {0: table(3, **change)}))


@pytest.mark.parametrize(
    ("told", "words"), [({"total_steps": 3}, "3 rows for 3 steps"), ({"total_steps": "many"}, "for 'many' steps")]
)
def test_tables_without_the_row_of_the_reset_are_refused(tmp_path, told, words):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "metadata.json").write_text(json.dumps(told))
    table(3).write_ipc(tmp_path / "0" / "part-0.arrow")
    with pytest.raises(LogFormatError, match=words):
        opened(tmp_path)


def test_two_tables_of_one_episode_are_refused(tmp_path):
    saved(tmp_path, {0: table(3)})
    table(3).write_ipc(tmp_path / "0" / "part-1.arrow")
    with pytest.raises(LogFormatError, match="tables of one episode"):
        opened(tmp_path)


def test_a_table_that_declares_more_than_it_can_hold_is_refused(tmp_path):
    saved(tmp_path, {0: table(3)}, "parquet")
    wide = pl.Series("x", [], dtype=pl.Array(pl.Float32, 1 << 40))
    wide.to_frame().write_ipc(tmp_path / "0" / "part-0.parquet")
    with pytest.raises(ConvscopeError, match="no episode with rewards"):
        opened(tmp_path)
    pl.DataFrame({"x": pl.repeat(0, 1 << 24, eager=True)}).write_parquet(tmp_path / "0" / "part-0.parquet")
    with pytest.raises(ConvscopeError, match="no honest table"):
        opened(tmp_path)


def test_links_in_the_folder_are_not_followed(tmp_path):
    saved(tmp_path, {0: table(3)})
    (tmp_path / "1").symlink_to(ARROW / "1")
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "part-0.arrow").symlink_to(ARROW / "1" / "part-0.arrow")
    assert opened(tmp_path).episodes.n_episodes == 1


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
@pytest.mark.parametrize("seed", range(40))
def test_broken_tables_are_read_or_refused_in_a_sentence(tmp_path, kind, seed):
    rng = np.random.default_rng(seed)
    folder = shutil.copytree({"arrow": ARROW, "parquet": PARQUET}[kind], tmp_path / "data")
    path = folder / "1" / f"part-0.{kind}"
    content = bytearray(path.read_bytes())
    if seed % 2:
        content = content[: rng.integers(8, len(content))]
    for at in rng.integers(8, len(content), 3):
        content[at] = rng.integers(256)
    path.write_bytes(content)
    told = ""
    try:
        whole(opened(folder))
    except ConvscopeError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 500
