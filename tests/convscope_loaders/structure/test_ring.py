"""Replay buffers: what was never written is no episode, and full rings begin with their oldest row."""

from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, ConvscopeError, LogFormatError
from convscope.ingest.probe import probe
from convscope_loaders.pymarl.loader import LOADER as PYMARL
from convscope_loaders.structure.ring_order import RingNumbers, RingOrder, order_of
from tests.convscope_loaders.structure.buffers import (
    BASICS,
    episodes,
    is_read_as,
    noted,
    opened,
    ring,
    rows_of,
    said,
    unfilled,
    write,
)

LENGTHS = (7, 9, 5, 8, 6)
TOTAL = sum(LENGTHS)
WORLD = episodes(LENGTHS)
ROWS = rows_of(WORLD, *BASICS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.h5"


@pytest.mark.parametrize(
    "numbers",
    [
        {"ptr": TOTAL, "size": TOTAL},
        {"ptr": TOTAL, "size": TOTAL, "max_size": 60},
        {"pos": TOTAL, "full": False, "buffer_size": 60},
        {"_idx": TOTAL, "_size": TOTAL},
        {"filled_i": TOTAL, "curr_i": TOTAL},
        {"size": TOTAL},
        {"ptr": TOTAL},
        {"mem_cntr": TOTAL, "mem_size": 60},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["attribute", "scalar", "list of one"])
def test_rows_that_were_never_written_are_no_episode(path, numbers, form):
    buffer = unfilled(ROWS, 60)
    if form == "attribute":
        write(path, buffer, **numbers)
    else:
        write(path, buffer | {name: [value] if form == "list of one" else value for name, value in numbers.items()})
    log = opened(path)
    assert is_read_as(log, WORLD)
    assert "35 of 60 rows of the buffer were written" in said(log)
    assert "left-out-arrays" not in noted(log)


def whole_after(lost):
    """Return the episodes that begin after so many rows: the one before may have lost its own beginning."""
    first = np.cumsum(LENGTHS) - np.array(LENGTHS)
    return [episode for episode, start in zip(WORLD, first, strict=True) if start > lost]


@settings(max_examples=60, deadline=None)
@given(capacity=st.integers(16, 34), share=st.floats(0, 1, exclude_max=True))
def test_a_full_ring_begins_with_its_oldest_row_wherever_that_is(capacity, share):
    cursor = int(share * capacity)
    for numbers in (
        {"ptr": cursor, "size": capacity},
        {"pos": cursor, "full": True},
        {"mem_cntr": 3 * capacity + cursor, "mem_size": capacity},
    ):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "log.h5"
            log = opened(write(path, ring(ROWS, capacity, cursor), **numbers))
            assert is_read_as(log, whole_after(TOTAL - capacity))
        assert "oldest episode of each full ring (1)" in noted(log)["headless-episodes"]
        assert not cursor or f"from the oldest (row {cursor}) on" in said(log)


def test_a_cursor_alone_in_written_rows_is_ambiguous_and_its_mapping_works(path):
    write(path, ring(ROWS, 30, 11), ptr=11)
    with pytest.raises(AmbiguousLogError, match="3 ways") as caught:
        opened(path)
    assert "row 11 is the oldest" in str(caught.value)
    assert opened(path, caught.value.mapping).episodes.n_timesteps == 11
    second = caught.value.mapping.replace('count = "/@ptr"', 'cursor = "/@ptr"')
    assert is_read_as(opened(path, second), whole_after(TOTAL - 30))
    third = caught.value.mapping.replace('count = "/@ptr"', "rows = 30")
    assert opened(path, third).episodes.n_timesteps == 30


def test_numbers_that_contradict_each_other_are_ambiguous(path):
    write(path, unfilled(ROWS, 60), ptr=20, size=TOTAL)
    with pytest.raises(AmbiguousLogError) as caught:
        opened(path)
    assert is_read_as(opened(path, caught.value.mapping), WORLD)


def test_numbers_that_fit_nothing_are_refused_and_may_be_left_out(path):
    for numbers in ({"ptr": 2**62, "size": 2**62}, {"pos": 99, "full": 1}, {"ptr": -3}):
        write(path, ROWS, **numbers)
        with pytest.raises(LogFormatError, match="does not fit arrays of 35 rows") as caught:
            opened(path)
        line = str(caught.value).split("[log] ")[1].removesuffix(" in a mapping")
        assert is_read_as(opened(path, f"convscope-mapping = 1\n[log]\n{line}\n"), WORLD)


def test_numbers_of_an_empty_buffer_are_not_believed_where_rows_hold_something(path):
    log = opened(write(path, ROWS, ptr=0, size=0))
    assert is_read_as(log, WORLD)
    assert "not taken for a mark" in said(log)


def test_a_size_of_the_world_cuts_nothing_off(path):
    for numbers in (
        {"size": 10},
        {"size": 10, "index": 3},
        {"full": False},
        {"position": 4},
        {"count": 99},
        {"size": TOTAL},
    ):
        write(path, ROWS, **numbers)
        assert is_read_as(opened(path), WORLD)
    write(path, ROWS, size=10)
    assert "size is not taken for a mark" in said(opened(path))


def test_numbers_of_many_episodes_are_no_marks_of_buffers(path):
    with h5py.File(path, "w") as file:
        for number, episode in enumerate(episodes([5] * 70)):
            group = file.create_group(f"episode_{number}")
            group.attrs.update(index=number % 5, size=3, full=False)
            for name in BASICS:
                group[name] = episode[name]
    log = opened(path)
    assert log.episodes.length.tolist() == [5] * 70
    assert "not taken" not in said(log)


def test_zeros_at_the_end_of_all_arrays_are_ambiguous_where_no_number_tells(path):
    write(path, unfilled(ROWS, 60))
    with pytest.raises(AmbiguousLogError, match="last 25 of 60 rows") as caught:
        opened(path)
    assert is_read_as(opened(path, caught.value.mapping), WORLD)
    assert "# reading 2: rows = 60" in caught.value.mapping
    assert opened(path, caught.value.mapping.replace("rows = 35", "rows = 60")).episodes.n_timesteps == 60


def test_missing_numbers_at_the_end_of_all_arrays_were_never_written(path):
    buffer = unfilled(ROWS, 60)
    buffer["observations"][TOTAL:] = np.nan
    log = opened(write(path, buffer))
    assert is_read_as(log, WORLD)
    assert "the last 25 of 60 rows hold nothing" in said(log)


def test_each_run_has_a_ring_of_its_own(path):
    one, other = ring(ROWS, 30, 11), unfilled(ROWS, 50)
    arrays = {f"seed_{n}/{name}": array for n, own in enumerate((one, other)) for name, array in own.items()}
    numbers = {"seed_0/ptr": 11, "seed_0/size": 30, "seed_1/ptr": TOTAL, "seed_1/size": TOTAL}
    log = opened(write(path, arrays | numbers))
    assert is_read_as(log, [*whole_after(TOTAL - 30), *WORLD])


def test_the_rows_of_a_ring_may_be_the_second_axis(path):
    turned = {name: np.swapaxes(array, 0, 1) if array.ndim > 1 else array for name, array in ring(ROWS, 30, 11).items()}
    turned["dones"] = np.repeat(turned["dones"][None], 3, axis=0)
    log = opened(write(path, turned, ptr=11, size=30, capacity=30))
    assert is_read_as(log, whole_after(TOTAL - 30))


def test_a_ring_of_whole_episodes_loses_none(path):
    world = episodes([6] * 5)
    blocks = {name: np.stack([episode[name] for episode in world]) for name in BASICS}
    log = opened(write(path, ring(blocks, 5, 2), buffer_index=2, episodes_in_buffer=5))
    assert is_read_as(log, world)
    log = opened(write(path, unfilled(blocks, 9), buffer_index=5, episodes_in_buffer=5))
    assert is_read_as(log, world)


def test_a_mapping_that_names_no_number_says_so(path):
    write(path, ROWS, ptr=4)
    with pytest.raises(ConvscopeError, match="no single number /@pointer"):
        opened(path, 'convscope-mapping = 1\n[ring]\ncursor = "/@pointer"\n')
    with pytest.raises(ConvscopeError, match="rows = 99"):
        opened(path, "convscope-mapping = 1\n[ring]\nrows = 99\n")


def test_what_was_said_of_a_ring_is_kept_where_another_question_follows(path):
    rows = {"actions": ring(ROWS, 30, 11)["actions"], "rewards": ring(ROWS, 30, 11)["rewards"][:, 0]}
    write(path, rows, ptr=11)
    with pytest.raises(AmbiguousLogError) as first:
        opened(path)
    with pytest.raises(AmbiguousLogError) as second:
        opened(path, first.value.mapping)
    assert 'count = "/@ptr"' in second.value.mapping
    assert opened(path, second.value.mapping).episodes.n_timesteps == 11


@pytest.mark.parametrize(
    ("numbers", "order"),
    [
        (RingNumbers(cursor=4, count=4), RingOrder(first=0, n_rows=4)),
        (RingNumbers(cursor=4, count=9), RingOrder(first=4, n_rows=9, may_have_lost=True)),
        (RingNumbers(count=9), RingOrder(first=0, n_rows=9)),
        (RingNumbers(cursor=9), RingOrder(first=0, n_rows=9)),
        (RingNumbers(cursor=0, count=9), RingOrder(first=0, n_rows=9, may_have_lost=True)),
        (RingNumbers(cursor=4, is_full=False), RingOrder(first=0, n_rows=4)),
        (RingNumbers(cursor=4), None),
        (RingNumbers(cursor=4, count=5), None),
        (RingNumbers(count=10), None),
        (RingNumbers(cursor=4, count=4, is_full=True), None),
        (RingNumbers(cursor=-1, count=4), None),
    ],
    ids=str,
)
def test_the_order_that_numbers_tell_of_nine_rows(numbers, order):
    assert order_of(numbers, 9) == order


WITH_NEXT = rows_of(WORLD, *BASICS, "next_observations")


def test_a_ring_that_no_number_tells_of_is_told_by_what_was_seen_next(path):
    for capacity in range(20, 32):
        for cursor in range(1, capacity):
            newest = TOTAL - 3  # in the middle of the last episode
            rows = {name: array[:newest] for name, array in WITH_NEXT.items()}
            turned = ring(rows, capacity, cursor)
            write(path, turned)
            if turned["dones"][-1]:
                continue
            log = opened(path)
            first = np.cumsum(LENGTHS) - np.array(LENGTHS)
            kept = [length for length, start in zip(LENGTHS, first, strict=True) if start > newest - capacity]
            assert log.episodes.length.tolist() == [*kept[:-1], LENGTHS[-1] - 3]
            assert f"read from the oldest (row {cursor}) on" in said(log)


def test_a_ring_whose_newest_row_ends_an_episode_may_begin_anywhere(path):
    write(path, ring(WITH_NEXT, 30, 11))
    with pytest.raises(AmbiguousLogError, match="2 ways") as caught:
        opened(path)
    assert opened(path, caught.value.mapping).episodes.n_timesteps == 30
    second = "convscope-mapping = 1\n[ring]\nfirst = 11\n"
    assert is_read_as(opened(path, second), whole_after(TOTAL - 30))


def test_a_log_whose_last_episode_leads_back_to_the_first_sight_is_no_ring(path):
    rows = {name: array.copy() for name, array in WITH_NEXT.items()}
    rows["next_observations"][-1] = rows["observations"][0]
    assert is_read_as(opened(write(path, rows)), WORLD)


def test_a_ring_of_padded_episodes_of_pymarl_begins_with_the_oldest(path):
    world = episodes([5, 7, 6, 4])
    blocks = {
        "actions": padded([episode["actions"][..., None] for episode in world], 8),
        "obs": padded([episode["observations"] for episode in world], 8),
        "terminated": padded([episode["dones"][:, None] for episode in world], 8),
        "filled": padded([np.ones((len(episode["dones"]) + 1, 1), int) for episode in world], 8),
    }
    write(path, ring(blocks, 4, 3), buffer_index=3, episodes_in_buffer=4)
    log = PYMARL.open(probe(path, "log.h5"), None)
    assert is_read_as(log, world)
    assert "read from the oldest (row 3) on" in said(log)


def padded(arrays, n_rows):
    return np.stack([np.concatenate([a, np.zeros((n_rows - len(a), *a.shape[1:]), a.dtype)]) for a in arrays])


def test_a_last_row_of_zeros_in_an_episode_of_its_own_is_no_unwritten_row_of_a_buffer(path):
    arrays = {}
    for number, episode in enumerate(episodes([5, 7, 6])):
        for name in ("observations", "actions", "rewards"):
            array = episode[name].copy()
            array[-1] = 0
            arrays[f"episode_{number}/{name}"] = array
    rows = {**arrays, "episode_0/dones": np.arange(5) == 4, "episode_1/dones": np.arange(7) == 6}
    write(path, rows | {"episode_2/dones": np.arange(6) == 5})
    with pytest.raises(AmbiguousLogError, match="steps that happened"):
        opened(path)
    log = opened(path, 'convscope-mapping = 1\n[episodes]\ncut = "whole"\n')
    assert log.episodes.length.tolist() == [5, 7, 6]
