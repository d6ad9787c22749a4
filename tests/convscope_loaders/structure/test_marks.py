"""What marks the ends of episodes, by all its names, in both of the rows where it may stand: told, or asked."""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.probe import probe
from convscope.values.status import EndKind
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.structure.buffers import (
    N_AGENTS,
    actions_of,
    episodes,
    is_read_as,
    opened,
    rows_of,
    said,
    write,
)

LENGTHS = st.lists(st.integers(2, 9), min_size=5, max_size=9)
FIELDS = ("observations", "actions", "rewards")
FIRST = ("is_first", "is_init", "episode_start", "episode_starts", "reset")
LAST = ("done", "is_last", "last", "agent_dones", "end_of_episode", "episode_ends", "end")
GOES_ON = ("not_done", "notdones", "masks", "mask", "continues", "cont")
TASK_GOES_ON = ("nonterminals", "discount", "discounts")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.h5"


def log_of(arrays):
    with TemporaryDirectory() as folder:
        log = opened(write(Path(folder) / "log.h5", arrays, agents=["a", "b", "c"]))
        return log, actions_of(log)


@settings(max_examples=25, deadline=None)
@given(lengths=LENGTHS, name=st.sampled_from(FIRST))
def test_a_mark_of_first_rows_begins_an_episode_at_every_row(lengths, name):
    world = episodes(lengths)
    log, actions = log_of(rows_of(world, *FIELDS) | {name: rows_of(world, "firsts")["firsts"]})
    assert [len(own) for own in actions] == lengths
    assert log.episodes.end.tolist() == [EndKind.UNKNOWN] * (len(lengths) - 1) + [EndKind.CUT]


@settings(max_examples=25, deadline=None)
@given(lengths=LENGTHS, name=st.sampled_from(LAST))
def test_a_mark_of_last_rows_ends_an_episode_at_every_row(lengths, name):
    world = episodes(lengths)
    log, actions = log_of(rows_of(world, *FIELDS) | {name: rows_of(world, "dones")["dones"]})
    assert [len(own) for own in actions] == lengths
    assert set(log.episodes.end.tolist()) == {EndKind.UNKNOWN}


@settings(max_examples=40, deadline=None)
@given(lengths=LENGTHS, name=st.sampled_from(GOES_ON + TASK_GOES_ON), factor=st.sampled_from([1.0, 0.99]))
def test_a_mark_of_what_goes_on_ends_an_episode_where_it_is_zero(lengths, name, factor):
    world = episodes(lengths)
    flags = 1.0 - rows_of(world, "dones")["dones"]
    log, actions = log_of(rows_of(world, *FIELDS) | {name: flags * factor if name == "discount" else flags})
    assert [len(own) for own in actions] == lengths
    kind = EndKind.TERMINATED if name in TASK_GOES_ON else EndKind.UNKNOWN
    assert set(log.episodes.end.tolist()) == {kind}


@settings(max_examples=40, deadline=None)
@given(lengths=LENGTHS, name=st.sampled_from(GOES_ON))
def test_a_mark_of_what_goes_on_may_stand_in_the_first_row_of_the_next_episode(lengths, name):
    world = episodes(lengths)
    flags = 1.0 - np.roll(rows_of(world, "dones")["dones"], 1)
    flags[0] = 1
    log, actions = log_of(rows_of(world, *FIELDS) | {name: flags})
    assert [len(own) for own in actions] == lengths
    assert "first row of the next episode" in said(log)


@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(2, 8), min_size=2, max_size=4),
    n_envs=st.sampled_from([2, 4]),
    name=st.sampled_from(["masks", "dones"]),
)
def test_flags_with_one_row_more_than_steps_stand_a_row_late(lengths, n_envs, name):
    worlds = [episodes(lengths, seed) for seed in range(n_envs)]
    rows = [rows_of(world, *FIELDS, "next_observations", "dones") for world in worlds]
    stacked = {key: np.stack([own[key] for own in rows], axis=1) for key in rows[0]}
    seen = np.concatenate([stacked["observations"], stacked["next_observations"][-1:]])
    late = np.concatenate([np.zeros((1, n_envs), bool), stacked["dones"]])
    flags = np.repeat(late[..., None, None], N_AGENTS, axis=2)
    arrays = {"obs": seen, "actions": stacked["actions"][..., None], "rewards": stacked["rewards"][..., None]}
    arrays |= {name: 1.0 - flags if name == "masks" else flags}
    log, actions = log_of(arrays)
    assert log.episodes.length.tolist() == lengths * n_envs
    assert all(
        np.array_equal(own, episode["actions"])
        for own, episode in zip(actions, [episode for world in worlds for episode in world], strict=True)
    )


def quiet(lengths):
    """Rows whose observations do not tell where episodes end."""
    rng = np.random.default_rng(0)
    rows = rows_of(episodes(lengths), *FIELDS, "dones")
    return rows | {"observations": rng.normal(size=rows["observations"].shape)}


def test_masks_of_which_nothing_tells_the_row_are_ambiguous_and_the_mapping_works(path):
    rows = quiet([7, 9, 5, 8, 6])
    write(path, {name: rows[name] for name in FIELDS} | {"masks": 1 - rows["dones"]}, agents=["a", "b", "c"])
    with pytest.raises(AmbiguousLogError, match="first row of the next episode") as caught:
        opened(path)
    assert opened(path, caught.value.mapping).episodes.length.tolist() == [7, 9, 5, 8, 6]
    second = caught.value.mapping.replace('cut = "flags"', 'cut = "first-rows"')
    assert opened(path, second).episodes.length.tolist() == [6, 9, 5, 8, 6, 1]


def test_masks_of_steps_agents_and_choices_are_no_ends(path):
    world = episodes([6, 4, 5])
    n_rows = 6

    def padded(name):
        own = [episode[name] for episode in world]
        return np.stack([np.concatenate([a, np.zeros((n_rows - len(a), *a.shape[1:]), a.dtype)]) for a in own])

    blocks = {name: padded(name) for name in FIELDS}
    happened = np.arange(n_rows) < np.array([6, 4, 5])[:, None]
    for name in ("mask", "masks"):
        log = opened(write(path, blocks | {name: happened}))
        assert is_read_as(log, world)
        log = opened(write(path, blocks | {"filled": happened, name: np.ones((3, n_rows, N_AGENTS, 5))}))
        assert "action_masks" in [spec.name for spec in log.header.fields]
        assert is_read_as(log, world)


def closed(lengths, *, late_rewards, seed=3):
    """Rows with one more for each episode, which holds the final observation and no action."""
    world = episodes(lengths, seed)
    nothing = np.zeros((1, N_AGENTS))
    return world, {
        "observation": np.concatenate(
            [np.concatenate([own["observations"], own["next_observations"][-1:]]) for own in world]
        ),
        "action": np.concatenate([np.concatenate([own["actions"], nothing.astype(int)]) for own in world]),
        "reward": np.concatenate(
            [np.concatenate([nothing, own["rewards"]] if late_rewards else [own["rewards"], nothing]) for own in world]
        ),
        "is_first": np.concatenate([np.arange(length + 1) == 0 for length in lengths]),
        "is_last": np.concatenate([np.arange(length + 1) == length for length in lengths]),
    }


@settings(max_examples=25, deadline=None)
@given(lengths=LENGTHS, late_rewards=st.booleans(), has_first=st.booleans())
def test_a_last_row_in_which_nobody_acts_is_the_final_observation(lengths, late_rewards, has_first):
    world, arrays = closed(lengths, late_rewards=late_rewards)
    terminal = np.concatenate([(np.arange(n + 1) == n) & (k % 2 == 0) for k, n in enumerate(lengths)])
    arrays |= {"is_terminal": terminal}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.h5"
        write(
            path, arrays if has_first else {k: v for k, v in arrays.items() if k != "is_first"}, agents=["a", "b", "c"]
        )
        log = opened_or_asked(path)
        assert is_read_as(log, world)
        (block,) = log.blocks(frozenset({"rewards", "observations"}), max_bytes=1 << 30)
        again = opened(path, proposed(path))
        assert is_read_as(again, world)
    steps = ~np.isnan(block.columns["rewards"]).all(axis=1)
    assert np.array_equal(block.columns["rewards"][steps], rows_of(world, "rewards")["rewards"])
    assert np.array_equal(block.columns["observations"], arrays["observation"])
    kinds = [EndKind.TERMINATED if number % 2 == 0 else EndKind.UNKNOWN for number in range(len(lengths))]
    assert log.episodes.end.tolist() == kinds
    assert ("row after the action" in said(log)) == late_rewards


def proposed(path):
    """Return the complete mapping of a file, or that of its error."""
    try:
        return mapping_text(LOADER.propose(probe(path, "log.h5"), None))
    except AmbiguousLogError as error:
        return error.mapping


def opened_or_asked(path):
    """Open a file, with the mapping of its error where few rows tell nothing."""
    try:
        return opened(path)
    except AmbiguousLogError as error:
        return opened(path, error.mapping)


def test_agents_that_stand_idle_before_an_episode_ends_take_its_last_step(path):
    lengths = [12, 20, 9, 15, 11, 20]
    rows = rows_of(episodes(lengths), *FIELDS, "dones")
    for length, stop in zip(lengths, np.cumsum(lengths), strict=True):
        rows["actions"][stop - length // 3 : stop] = 0
    rows["rewards"][:] = 0
    assert opened(write(path, rows)).episodes.length.tolist() == lengths


def test_last_rows_with_actions_and_rewards_are_steps(path):
    world = episodes([7, 9, 5, 8, 6])
    rows = rows_of(world, *FIELDS, "dones", "firsts")
    log = opened(write(path, {n: rows[n] for n in FIELDS} | {"is_first": rows["firsts"], "is_last": rows["dones"]}))
    assert is_read_as(log, world)


def test_last_rows_with_actions_but_no_reward_are_ambiguous_where_first_rows_are_marked(path):
    _, arrays = closed([7, 9, 5, 8, 6], late_rewards=False)
    arrays["action"] = np.random.default_rng(5).integers(1, 5, size=arrays["action"].shape)
    write(path, arrays)
    with pytest.raises(AmbiguousLogError, match="never executed") as caught:
        opened(path)
    assert opened(path, caught.value.mapping).episodes.length.tolist() == [7, 9, 5, 8, 6]
    second = caught.value.mapping.replace('cut = "final-flags"', 'cut = "flags"')
    assert opened(path, second).episodes.length.tolist() == [8, 10, 6, 9, 7]


def test_marks_of_first_rows_and_end_flags_that_disagree_are_ambiguous(path):
    world = episodes([7, 9, 5, 8, 6])
    rows = rows_of(world, *FIELDS, "dones", "firsts")
    flags = rows["dones"].copy()
    flags[[6, 9]] = False, True
    write(path, {name: rows[name] for name in FIELDS} | {"is_first": rows["firsts"], "done": flags})
    with pytest.raises(AmbiguousLogError, match="The two disagree") as caught:
        opened(path)
    assert opened(path, caught.value.mapping).episodes.length.tolist() == [7, 9, 5, 8, 6]


def test_first_rows_cut_where_only_some_ends_are_flagged_and_flags_tell_their_kind(path):
    world = episodes([7, 9, 5, 8, 6])
    rows = rows_of(world, *FIELDS, "dones", "firsts")
    terminal = rows["dones"] & np.isin(np.arange(35), [6, 20])
    log = opened(write(path, {n: rows[n] for n in FIELDS} | {"is_first": rows["firsts"], "terminals": terminal}))
    assert is_read_as(log, world)
    told = [EndKind.TERMINATED, EndKind.UNKNOWN, EndKind.TERMINATED, EndKind.UNKNOWN, EndKind.CUT]
    assert log.episodes.end.tolist() == told


def test_a_file_that_begins_within_an_episode_says_so(path):
    rows = rows_of(episodes([7, 9, 5, 8, 6]), *FIELDS, "firsts")
    arrays = {name: rows[name][3:] for name in FIELDS} | {"is_first": rows["firsts"][3:]}
    log = opened(write(path, arrays))
    assert log.episodes.length.tolist() == [4, 9, 5, 8, 6]
    assert "may have begun earlier" in said(log)


@pytest.mark.parametrize("name", ["mask", "masks"])
def test_a_mask_that_is_zero_in_last_rows_alone_is_of_steps_or_of_ends(path, name):
    world = episodes([8] * 5)
    blocks = {key: np.stack([episode[key] for episode in world]) for key in (*FIELDS, "dones")}
    write(path, {key: blocks[key] for key in FIELDS} | {name: 1 - blocks["dones"]})
    with pytest.raises(AmbiguousLogError, match="zero in last rows alone") as caught:
        opened(path)
    assert opened(path, caught.value.mapping).episodes.length.tolist() == [7] * 5
    change = caught.value.mapping.split("# reading 2: ")[1].strip().replace(", list", "\nlist")
    assert is_read_as(opened(path, f"convscope-mapping = 1\n[episodes]\n{change}\n"), world)
    blocks["observations"][:, -1] = 0
    log = opened(write(path, {key: blocks[key] for key in FIELDS} | {name: 1 - blocks["dones"]}))
    assert log.episodes.length.tolist() == [7] * 5


def test_a_reward_for_an_action_that_is_nothing_is_asked_about(path):
    world, arrays = closed([7, 9, 5, 8, 6], late_rewards=True)
    arrays["dones"] = arrays.pop("is_last")
    del arrays["is_first"]
    write(path, arrays)
    with pytest.raises(AmbiguousLogError, match="never executed") as caught:
        opened(path)
    assert is_read_as(opened(path, caught.value.mapping), world)
    second = caught.value.mapping.replace('cut = "final-flags"', 'cut = "flags"')
    assert opened(path, second).episodes.length.tolist() == [8, 10, 6, 9, 7]


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5), seed=st.integers(0, 300))
def test_steps_whose_last_action_is_zero_are_read_or_asked_about_and_never_dropped(lengths, seed):
    world = episodes(lengths, seed)
    rows = rows_of(world, *FIELDS, "dones")
    rows["actions"] = np.where(rows["dones"][:, None], 0, rows["actions"])
    if sum(lengths) == N_AGENTS:
        return
    with contextlib.suppress(AmbiguousLogError):
        log, _ = log_of(rows)
        assert log.episodes.length.tolist() == lengths


def test_numbers_that_are_only_called_as_marks_are_none(path):
    rows = rows_of(episodes([7, 9, 5, 8, 6]), *FIELDS, "dones")
    others = {"first": np.arange(35.0), "last": np.linspace(0, 3, 35), "discounts": np.linspace(1, 0, 35)}
    log = opened(write(path, {**rows, **others}))
    assert log.episodes.length.tolist() == [7, 9, 5, 8, 6]
