"""Replay buffers: rows come out in time order wherever the ring ends, and only those that were filled."""

import json
import shutil

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.values.status import EndKind
from tests.convscope_loaders.tensordict.rollouts import (
    DATA,
    assumed,
    episodes,
    opened,
    rollout,
    write_buffer,
)

T, C = EndKind.TERMINATED, EndKind.CUT


def read(name, *paths):
    with h5py.File(DATA / name) as file:
        return [file[path][()] for path in paths]


ROWS = ("agents/action", "agents/observation", "next/agents/observation", "next/agents/reward")


def check(log, held, lengths):
    """Compare the episodes with rows that lie one after the other."""
    actions, before, after, rewards = held
    assert log.episodes.length.tolist() == lengths
    start = 0
    for found, length in zip(episodes(log), lengths, strict=True):
        rows = slice(start, start + length)
        np.testing.assert_array_equal(found["observations"], np.concatenate([before[rows], after[rows][-1:]]))
        np.testing.assert_array_equal(found["actions"][:-1], actions[rows].reshape(length, *actions.shape[1:2], -1))
        np.testing.assert_array_equal(found["rewards"][:-1], rewards[rows][..., 0])
        start += length
    assert start == len(actions)


def test_a_genuine_ring_is_read_from_its_oldest_row_and_trajectories_are_put_together():
    # 13 rows of the first batch and 15 of the second, laid out by environment, went into 20 places.
    first, second = (read(name, *ROWS) for name in ("collected_0.h5", "collected_1.h5"))
    fed = [
        np.concatenate([a.reshape(21, *a.shape[2:])[:13], b.reshape(21, *b.shape[2:])[:15]])
        for a, b in zip(first, second, strict=True)
    ]
    log = opened(DATA / "ring")
    # Left are rows 8 to 27: of the second environment steps 1 to 5 and then 7 to 13 (its step 6 was never fed), of the
    # first one 7 to 13, of the third its step 7. The steps 7 to 9 go on with what began in the first batch.
    order = [*range(8, 12), 12, *range(20, 23), *range(13, 16), *range(16, 20), *range(23, 27), 27]
    check(log, [rows[order] for rows in fed], [4, 1, 3, 3, 4, 4, 1])
    assert log.episodes.end.tolist() == [T, C, T, T, C, C, C]
    assert "its oldest row is 8" in assumed(log)
    assert "put together, by /collector/traj_ids" in assumed(log)


def test_a_genuine_ring_of_time_and_environments_is_read_by_environment():
    held = read("ring2d.h5", *ROWS)
    log = opened(DATA / "ring2d")
    kept = [np.concatenate([rows[0, 4:], rows[1, 4:]]) for rows in held]  # of 14 steps the last 10
    check(log, kept, [2, 6, 2, 2, 6, 2])
    assert log.episodes.end.tolist() == [T, T, C] * 2
    pieces = [piece.columns["observations"] for piece in log.blocks(frozenset({"observations"}), max_bytes=1)]
    np.testing.assert_array_equal(np.concatenate(pieces), np.concatenate([e["observations"] for e in episodes(log)]))


@pytest.mark.parametrize(
    ("name", "first", "lengths"), [("trajectories_full", 7, [5, 6, 6, 3]), ("trajectories_part", 0, [6, 6, 6, 6, 3])]
)
def test_genuine_trajectories_have_a_final_row_more_and_rows_that_were_never_filled_are_left_out(name, first, lengths):
    held = [rows[first:] for rows in read("stream.h5", *ROWS)]
    for path in (DATA / name, DATA / name / "storage" / "checkpoint.h5"):
        log = opened(path)
        check(log, held, lengths)
        assert log.episodes.end.tolist() == [T] * (len(lengths) - 1) + [C]
        assert log.episodes.rows.tolist() == [length + 1 for length in lengths]
        said = "13 rows of the buffer that were never filled" if name.endswith("part") else "may lack its beginning"
        assert said in assumed(log)


def test_trajectories_of_several_environments_each_leave_out_what_was_never_filled():
    log = opened(DATA / "trajectories_2d")
    held = read("ring2d.h5", *ROWS)
    check(log, [rows.reshape(28, *rows.shape[2:]) for rows in held], [6, 6, 2] * 2)
    assert "12 rows of the buffer that were never filled" in assumed(log)


def fed_ring(done, capacity):
    """Entries of a ring of this capacity, once all rows were written in turn, and its cursor."""
    entries = rollout(done)
    n_rows = len(done)
    places = np.arange(n_rows) % capacity
    ring = {name: np.zeros((capacity, *array.shape[1:]), array.dtype) for name, array in entries.items()}
    for name, array in entries.items():
        ring[name][places[-capacity:]] = array[-capacity:]
    return entries, ring, n_rows % capacity


def lengths_of(done):
    """Steps of each episode of a stream, of which the last one may be cut."""
    stops = [*(np.flatnonzero(done) + 1).tolist(), len(done)]
    return [b - a for a, b in zip([0, *stops[:-1]], stops, strict=True) if b > a]


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_ring_is_in_time_order_wherever_it_ends(tmp_path_factory, data):
    capacity = data.draw(st.integers(1, 9))
    done = np.array(data.draw(st.lists(st.booleans(), min_size=1, max_size=25)))
    entries, ring, cursor = fed_ring(done, capacity)
    folder = tmp_path_factory.mktemp("ring")
    write_buffer(folder, ring, cursor=cursor, n_stored=min(len(done), capacity), n_written=len(done))
    log = opened(folder)
    kept = done[-capacity:]
    check(log, [entries[name][-capacity:] for name in ROWS], lengths_of(kept))
    assert (log.episodes.end[:-1] == T).all()
    assert log.episodes.end[-1] == (T if kept[-1] else C)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_ring_of_environments_is_in_time_order_wherever_it_ends(tmp_path_factory, data):
    capacity, n_rows = data.draw(st.integers(2, 5)), data.draw(st.integers(1, 12))
    done = np.array(data.draw(st.lists(st.booleans(), min_size=2 * n_rows, max_size=2 * n_rows))).reshape(2, n_rows)
    entries = {name: np.swapaxes(array, 0, 1) for name, array in rollout(done).items()}
    ring = {name: np.zeros((capacity, *array.shape[1:]), array.dtype) for name, array in entries.items()}
    for name, array in entries.items():
        ring[name][(np.arange(n_rows) % capacity)[-capacity:]] = array[-capacity:]
    folder, n_kept = tmp_path_factory.mktemp("ring"), min(n_rows, capacity)
    write_buffer(folder, ring, cursor=n_rows % capacity, n_stored=2 * n_kept, n_written=n_rows)
    kept = done[:, -capacity:]
    held = [np.swapaxes(entries[name][-capacity:], 0, 1).reshape(2 * n_kept, *entries[name].shape[2:]) for name in ROWS]
    check(opened(folder), held, [*lengths_of(kept[0]), *lengths_of(kept[1])])


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_trajectories_of_any_length_keep_their_final_rows(tmp_path_factory, data):
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    n_unused, is_cut = data.draw(st.integers(0, 4)), data.draw(st.booleans())
    done = np.isin(np.arange(sum(lengths)), np.cumsum(lengths) - 1)
    done[-1] &= not is_cut
    entries = rollout(done)
    path = tmp_path_factory.mktemp("trajectories") / "log.h5"
    stops = np.cumsum(lengths)
    with h5py.File(path, "w") as file:
        for number, (start, stop) in enumerate(zip(stops - lengths, stops, strict=True)):
            group = file.create_group(f"traj_{number}")
            for name in ("agents/action", "next/agents/reward", "next/done", "next/terminated"):
                group[name.removeprefix("next/")] = entries[name][start:stop]
            after = entries["next/agents/observation"][stop - 1 : stop]
            group["agents/observation"] = np.concatenate([entries["agents/observation"][start:stop], after])
        if n_unused:
            unused = file.create_group(f"traj_{len(lengths)}")
            unused["agents/action"] = np.zeros((n_unused, 2), np.int64)
            unused["agents/observation"] = np.zeros((n_unused, 2, 3), "f4")
            unused["agents/reward"] = np.zeros((n_unused, 2, 1), "f4")
            unused["done"] = unused["terminated"] = np.zeros((n_unused, 1), bool)
        file["_len"], file["is_full"], file["shift"] = sum(lengths), not n_unused, sum(lengths)
        file["_storage_shape"] = [sum(lengths) + n_unused]
    log = opened(path)
    check(log, [entries[name] for name in ROWS], lengths)
    assert log.episodes.end.tolist() == [T] * (len(lengths) - 1) + [C if is_cut else T]


def test_a_buffer_of_whole_environment_rows_keeps_them(tmp_path):
    entries = rollout([[0, 1, 0], [0, 0, 0], [1, 0, 1]])
    write_buffer(tmp_path / "log", entries, cursor=2, n_stored=3, n_written=5)
    log = opened(tmp_path / "log")
    order = [2, 0, 1]
    held = [entries[name][order].reshape(9, *entries[name].shape[2:]) for name in ROWS]
    check(log, held, [1, 2, 2, 1, 3])


def changed(folder, name, change):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return folder


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        ("writer/metadata.json", {"cursor": 99}, "points to row 99"),
        ("writer/metadata.json", {"cursor": -1}, "cursor should be"),
        ("writer/metadata.json", {"cursor": "x"}, "cursor should be"),
        ("writer/metadata.json", {"write_count": 3}, "points to row 8"),
        ("writer/metadata.json", {"rank_key": "score"}, "by their rank"),
        ("storage/storage_metadata.json", {"len": 7}, "counts 7 rows"),
        ("storage/storage_metadata.json", {"len": True}, "len should be"),
        ("storage/storage_metadata.json", {"is_pytree": True}, "no TensorDict"),
    ],
)
def test_a_buffer_whose_files_do_not_agree_is_refused(tmp_path, name, change, what):
    shutil.copytree(DATA / "ring", tmp_path / "ring")
    with pytest.raises(LogFormatError, match=what):
        opened(changed(tmp_path / "ring", name, change))


def test_buffers_without_rows_or_in_a_compact_form_are_refused(tmp_path):
    _, ring, _ = fed_ring(np.zeros(1, bool), 4)
    empty = write_buffer(tmp_path / "empty", ring, cursor=0, n_stored=0, n_written=0)
    with pytest.raises(LogFormatError, match="no row"):
        opened(empty)
    (empty / "storage" / "_storage_shape").mkdir()
    (empty / "storage" / "_storage_shape" / "meta.json").write_text("{}")
    with pytest.raises(LogFormatError, match="compact form"):
        opened(empty)


def test_the_storage_of_a_buffer_and_single_files_point_to_the_whole_folder():
    for name in ("ring/storage", "ring/storage/done.memmap", "memmap/meta.json", "rollout.zarr/zarr.json"):
        with pytest.raises(LogFormatError, match="give the whole folder"):
            opened(DATA / name)


def test_trajectories_that_are_not_alike_are_an_error(tmp_path):
    path = tmp_path / "checkpoint.h5"
    shutil.copy(DATA / "trajectories_full" / "storage" / "checkpoint.h5", path)
    with h5py.File(path, "r+") as file:
        del file["traj_1/agents/action"]
        file["traj_1/agents/action"] = np.zeros((6, 2, 3), "f4")
    with pytest.raises(LogFormatError, match="unlike /traj_0/agents/action"):
        opened(path)
