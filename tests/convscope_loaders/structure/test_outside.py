"""Rows that no episode takes are counted in a notice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError
from tests.convscope_loaders.structure.buffers import BASICS, episodes, is_read_as, noted, opened, rows_of, write

LENGTHS = (7, 9, 5, 8, 6)
WORLD = episodes(LENGTHS)
ROWS = {name: array for name, array in rows_of(WORLD, *BASICS).items() if name != "dones"}
CODE = "rows-outside-episodes"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.h5"


def test_lists_that_cover_all_rows_say_nothing(path):
    log = opened(write(path, ROWS | {"episode_lengths": np.array(LENGTHS)}))
    assert is_read_as(log, WORLD)
    assert CODE not in noted(log)


@pytest.mark.parametrize("name", ["episode_lengths", "lengths", "path_lengths"])
def test_rows_after_the_episodes_that_lengths_count_are_told(path, name):
    log = opened(write(path, ROWS | {name: np.array(LENGTHS[:-1])}))
    assert is_read_as(log, WORLD[:-1])
    assert noted(log)[CODE] == "6 of 35 rows of /actions belong to no episode and are left out (lengths)"


def test_lengths_that_leave_a_row_for_each_episode_are_ambiguous_and_the_mapping_works(path):
    closed = {
        "observations": [np.concatenate([own["observations"], own["next_observations"][-1:]]) for own in WORLD],
        "actions": [np.concatenate([own["actions"], own["actions"][:1]]) for own in WORLD],
    }
    rows = {name: np.concatenate(parts) for name, parts in closed.items()}
    write(path, rows | {"episode_lengths": np.array(LENGTHS)}, agents=["a", "b", "c"])
    with pytest.raises(AmbiguousLogError, match="final observation") as caught:
        opened(path)
    log = opened(path, caught.value.mapping)
    assert is_read_as(log, WORLD)
    assert (log.episodes.rows - log.episodes.length == 1).all()
    second = opened(path, caught.value.mapping.replace('cut = "lengths-and-final"', 'cut = "lengths"'))
    assert second.episodes.length.tolist() == list(LENGTHS)
    assert "5 of 40 rows" in noted(second)[CODE]


def test_rows_before_the_first_start_are_told(path):
    starts = (np.cumsum(LENGTHS) - LENGTHS)[1:]
    log = opened(write(path, ROWS | {"episode_starts": starts}))
    assert is_read_as(log, WORLD[1:])
    assert "7 of 35 rows" in noted(log)[CODE]


def test_rows_after_the_end_list_of_a_mapping_are_told(path):
    write(path, ROWS | {"stops": np.cumsum(LENGTHS)[:-1]})
    log = opened(
        path,
        'convscope-mapping = 1\n[episodes]\ncut = "ends"\nlist = { path = "/stops", axes = ["episode"] }\n',
    )
    assert is_read_as(log, WORLD[:-1])
    assert "6 of 35 rows" in noted(log)[CODE]


@settings(max_examples=20, deadline=None)
@given(lengths=st.lists(st.integers(1, 12), min_size=4, max_size=4))
def test_rows_after_the_first_flag_of_a_mapping_are_told(tmp_path_factory, lengths):
    path = tmp_path_factory.mktemp("flags") / "log.h5"
    world = episodes([12] * 4)
    flags = np.arange(12) == np.array(lengths)[:, None] - 1
    blocks = {name: np.stack([own[name] for own in world]) for name in ("observations", "actions")}
    write(path, blocks | {"over": flags, "n_agents": np.array(3)})
    text = 'cut = "first-flag"\nlist = { path = "/over", axes = ["episode", "time"] }\n'
    log = opened(path, f"convscope-mapping = 1\n[episodes]\n{text}")
    assert log.episodes.length.tolist() == lengths
    n_outside = 48 - sum(lengths)
    assert (f"{n_outside} of 48 rows" in noted(log).get(CODE, "")) == bool(n_outside)
