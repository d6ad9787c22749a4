"""What agents saw next is held against the next row: the order of rows and the ends of episodes must agree with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.probe import probe
from convscope.values.status import EndKind
from convscope_loaders.hdf5 import LOADER
from convscope_loaders.structure.succession import is_same
from tests.convscope_loaders.structure.buffers import (
    BASICS,
    episodes,
    is_read_as,
    noted,
    opened,
    rows_of,
    said,
    write,
)

LENGTHS = (7, 9, 5, 8, 6)
TOTAL = sum(LENGTHS)
WORLD = episodes(LENGTHS)
ROWS = rows_of(WORLD, *BASICS, "next_observations")
UNMARKED = {name: array for name, array in ROWS.items() if name != "dones"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.h5"


def test_rows_in_the_order_of_time_say_nothing_more(path):
    log = opened(write(path, ROWS))
    assert is_read_as(log, WORLD)
    assert "another observation follows" not in said(log)


@pytest.mark.parametrize(
    "rows", [ROWS, UNMARKED | {"agents": np.array([b"a", b"b", b"c"])}], ids=["marked", "unmarked"]
)
def test_shuffled_rows_are_refused_with_what_was_seen(path, rows):
    order = np.random.default_rng(1).permutation(TOTAL)
    write(path, {name: array[order] if len(array) == TOTAL else array for name, array in rows.items()})
    with pytest.raises(AmbiguousLogError, match=r"After \d\d of \d\d rows within episodes") as caught:
        opened(path)
    assert "shuffled" in str(caught.value)
    assert opened(path, caught.value.mapping).episodes.n_timesteps == TOTAL


def test_normalised_observations_are_taken_for_it_only_on_demand(path):
    write(path, ROWS | {"next_observations": ROWS["next_observations"] * 0.5})
    with pytest.raises(AmbiguousLogError, match="holds something else than the next") as caught:
        opened(path)
    assert is_read_as(opened(path, caught.value.mapping), WORLD)


def test_episodes_without_any_flag_end_where_another_observation_follows(path):
    log = opened(write(path, UNMARKED))
    assert is_read_as(log, WORLD)
    assert (log.episodes.rows - log.episodes.length == 1).all()
    assert set(log.episodes.end.tolist()) == {EndKind.UNKNOWN}
    assert "after 4 of 34 rows within episodes another observation follows" in said(log)


@pytest.mark.parametrize("missing", [[6], [15, 28], [6, 15, 20, 28]], ids=str)
def test_ends_that_flags_leave_out_are_found_and_called_cut(path, missing):
    flags = ROWS["dones"].copy()
    flags[missing] = False
    log = opened(write(path, ROWS | {"dones": flags}))
    assert is_read_as(log, WORLD)
    ends = np.cumsum(LENGTHS) - 1
    assert (log.episodes.end == EndKind.CUT).tolist() == np.isin(ends, missing).tolist()


def test_flags_a_row_late_are_told_by_what_was_seen_next(path):
    calm = dict(ROWS)
    for name in ("observations", "next_observations"):
        calm[name] = np.round(calm[name] * 0 + np.random.default_rng(2).normal(size=calm[name].shape), 3)
    calm["next_observations"][:-1] = np.where(
        ROWS["dones"][:-1, None, None], calm["next_observations"][:-1], calm["observations"][1:]
    )
    log = opened(write(path, calm | {"dones": np.roll(ROWS["dones"], 1)}, agents=["a", "b", "c"]))
    assert is_read_as(log, WORLD)
    assert "first row of the next episode" in said(log)


def test_environments_beside_each_other_are_cut_each_for_itself(path):
    worlds = [episodes(lengths, seed) for seed, lengths in enumerate(((5, 7), (8, 4), (3, 9), (6, 6)))]
    rows = [rows_of(world, "observations", "next_observations", "actions") for world in worlds]
    blocks = {name: np.stack([own[name] for own in rows]) for name in rows[0]}
    blocks["n_agents"] = np.array(3)
    assert is_read_as(opened(write(path, blocks)), [episode for world in worlds for episode in world])


def test_lists_of_episodes_that_contradict_it_are_refused(path):
    write(path, UNMARKED | {"episode_lengths": np.array([9, 7, 5, 8, 6])})
    with pytest.raises(AmbiguousLogError, match="After 1 of 30 rows"):
        opened(path)


def test_a_cut_that_a_mapping_declares_stands_and_the_doubt_is_told(path):
    write(path, ROWS)
    mapping = 'convscope-mapping = 1\n[episodes]\ncut = "whole"\n'
    log = opened(path, mapping)
    assert log.episodes.length.tolist() == [TOTAL]
    assert "after 4 of 34 rows within episodes" in noted(log)["unannounced-observations"]


def test_the_dead_do_not_end_an_episode_for_the_others(path):
    rows = {name: array.copy() for name, array in ROWS.items()}
    for start, stop in zip(np.cumsum(LENGTHS) - LENGTHS, np.cumsum(LENGTHS), strict=True):
        rows["observations"][start + 3 : stop, 1] = 0
        rows["next_observations"][start + 3 : stop, 1] = 0
    log = opened(write(path, rows))
    assert log.episodes.length.tolist() == list(LENGTHS)


def test_a_complete_mapping_of_what_was_found_reads_the_same(path):
    flags = ROWS["dones"].copy()
    flags[6] = False
    write(path, ROWS | {"dones": flags})
    text = mapping_text(LOADER.propose(probe(path, "log.h5"), None))
    assert 'cut = "announced"' in text
    assert is_read_as(opened(path, text), WORLD)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_numbers_are_the_same_in_32_and_64_bits(numbers):
    wide = np.array([numbers])
    assert is_same(wide.astype("f4"), wide, 1).all()
    assert not is_same(wide + 1e-3 * (1 + np.abs(wide)), wide, 1).any()


def test_missing_numbers_are_the_same_and_whole_ones_must_be_equal():
    assert is_same(np.array([[np.nan, 1.0]]), np.array([[np.nan, 1.0]]), 1).all()
    assert not is_same(np.array([[10**9 + 1]]), np.array([[10**9]]), 1).any()
    assert not is_same(np.array([[np.nan]]), np.array([[0.0]]), 1).any()
