"""Who is out of the game, or waits, by whatever a file shows it: no log lets the dead act."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.probe import probe
from convscope.values.header import ActionKind
from convscope.values.status import Status
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.structure.buffers import N_AGENTS, episodes, opened, rows_of, said, write

N_ACTIONS = 5


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.h5"


def dying(lengths, deaths):
    """Rows in which the second agent takes its last action in a step of each episode, and the status that is right."""
    rows = rows_of(episodes(lengths), "observations", "actions", "rewards", "dones")
    status = np.full((sum(lengths), N_AGENTS), Status.ACTING)
    start = 0
    for length, death in zip(lengths, deaths, strict=True):
        status[start + death + 1 : start + length, 1] = Status.DEAD
        start += length
    is_dead = status == Status.DEAD
    rows["rewards"][is_dead] = 0
    return rows, status, is_dead


def status_of(log):
    (block,) = log.blocks(frozenset(), max_bytes=1 << 30)
    return block.status


DEATHS = st.lists(st.tuples(st.integers(4, 9), st.integers(0, 3)), min_size=4, max_size=7)


def last_actions(is_dead, lengths):
    """Flags in each agent's last row."""
    flags = np.zeros(is_dead.shape, bool)
    flags[:-1] = is_dead[1:] & ~is_dead[:-1]
    flags[np.cumsum(lengths) - 1] |= ~is_dead[np.cumsum(lengths) - 1]
    return flags


def masks_of(is_dead):
    """Legal actions as SMAC has them: the dead may do nothing, the living anything else."""
    masks = np.ones((*is_dead.shape, N_ACTIONS), int)
    masks[..., 0] = 0
    masks[is_dead] = np.arange(N_ACTIONS) == 0
    return masks


@settings(max_examples=60, deadline=None)
@given(
    cases=DEATHS,
    how=st.sampled_from(
        [
            *("nan", "minus one", "nan and sight", "dead", "is_dead", "alive", "active_masks"),
            *("agent_dones", "sticky", "masks", "smac"),
        ]
    ),
)
def test_an_agent_is_dead_from_the_row_after_its_last_action(tmp_path_factory, cases, how):
    lengths, deaths = zip(*cases, strict=True)
    rows, status, is_dead = dying(lengths, deaths)
    flags = last_actions(is_dead, lengths)
    if how in {"nan", "nan and sight"}:
        rows["actions"] = np.where(is_dead, np.nan, rows["actions"])
    elif how == "minus one":
        rows["actions"][is_dead] = -1
    else:
        rows["actions"][is_dead] = 0
        rows["observations"][is_dead] = 0
    rows["observations"][is_dead] = np.nan if how == "nan and sight" else rows["observations"][is_dead]
    rows |= {
        "dead": {"dead": is_dead},
        "is_dead": {"is_dead": is_dead.astype("u1")[..., None]},
        "alive": {"alive": ~is_dead},
        "active_masks": {"active_masks": 1.0 - is_dead},
        "agent_dones": {"agent_dones": flags},
        "sticky": {"agent_dones": flags | is_dead},
        "masks": {"masks": 1.0 - (flags | is_dead)},
        "smac": {"avail_actions": masks_of(is_dead)},
    }.get(how, {})
    path = tmp_path_factory.mktemp("lives") / "log.h5"
    log = opened(write(path, rows, agents=["a", "b", "c"]))
    assert log.episodes.length.tolist() == list(lengths)
    if how == "masks" and not is_dead.any():
        return
    assert np.array_equal(status_of(log), status)
    again = opened(path, mapping_text(LOADER.propose(probe(path, "log.h5"), None)))
    assert np.array_equal(status_of(again), status)


def test_what_is_taken_for_death_is_said(path):
    rows, _, is_dead = dying((7, 9), (2, 4))
    rows["actions"][is_dead] = -1
    assert "without an action (NaN or -1) is out of the game" in said(opened(write(path, rows)))
    rows["actions"][is_dead], rows["observations"][is_dead] = 0, 0
    log = opened(write(path, rows | {"avail_actions": masks_of(is_dead)}))
    assert "may only take the first action and sees only zeros" in said(log)


def test_a_mapping_may_say_that_agents_who_see_nothing_live(path):
    rows, _, is_dead = dying((7, 9), (2, 4))
    rows["actions"][is_dead], rows["observations"][is_dead] = 0, 0
    write(path, rows | {"avail_actions": masks_of(is_dead)})
    log = opened(path, "convscope-mapping = 1\n[agents]\ndead_see_nothing = false\n")
    assert (status_of(log) == Status.ACTING).all()


def test_agents_that_come_later_are_absent_before(path):
    rows, _, _ = dying((7, 9), (6, 8))
    rows["actions"][[0, 1, 7], 2] = -1
    status = status_of(opened(write(path, rows)))
    assert (status[[0, 1, 7], 2] == Status.ABSENT).all()
    assert (status != Status.ABSENT).sum() == status.size - 3


def test_agents_that_take_turns_wait(path):
    rows, _, _ = dying((7, 9, 5), (6, 8, 4))
    turn = np.arange(N_AGENTS) == (np.arange(21) % N_AGENTS)[:, None]
    rows["actions"][~turn] = -1
    log = opened(write(path, rows))
    assert np.array_equal(status_of(log), np.where(turn, Status.ACTING, Status.WAITING))
    assert "waits (42 steps of single agents)" in said(log)


def test_a_living_agent_without_an_action_waits(path):
    rows, status, is_dead = dying((7, 9), (2, 4))
    rows["actions"][is_dead] = -1
    rows["actions"][[0, 15], 0] = -1
    log = opened(write(path, rows | {"alive": ~is_dead}))
    status[[0, 15], 0] = Status.WAITING
    assert np.array_equal(status_of(log), status)


def test_actions_of_minus_one_and_one_are_choices_or_amounts_as_the_mapping_says(path):
    rows, _, _ = dying((7, 9, 5), (6, 8, 4))
    rows["actions"] = np.random.default_rng(0).integers(-1, 2, size=rows["actions"].shape)
    write(path, rows)
    with pytest.raises(AmbiguousLogError, match="-1, 0 and 1") as caught:
        opened(path)
    log = opened(path, caught.value.mapping)
    assert {agent.action_space.kind for agent in log.header.agents} == {ActionKind.DISCRETE}
    assert np.array_equal(status_of(log) == Status.ACTING, rows["actions"] >= 0)
    log = opened(path, caught.value.mapping.replace('kind = "choices"', 'kind = "amounts"'))
    assert {agent.action_space.kind for agent in log.header.agents} == {ActionKind.CONTINUOUS}
    assert (status_of(log) == Status.ACTING).all()


def test_minus_one_among_fractions_is_an_amount(path):
    rows, _, _ = dying((7, 9, 5), (6, 8, 4))
    rows["actions"] = np.clip(np.random.default_rng(0).normal(size=rows["actions"].shape), -1, 1)
    assert (status_of(opened(write(path, rows))) == Status.ACTING).all()


@pytest.mark.parametrize("name", ["dead", "alive"])
def test_an_array_that_is_set_in_the_row_of_the_last_action_is_told_by_what_agents_do(path, name):
    lengths, deaths = (7, 9, 5, 8, 6), (2, 3, 1, 2, 4)
    rows, status, is_dead = dying(lengths, deaths)
    rows["actions"][is_dead], rows["observations"][is_dead] = 0, 0
    flags = is_dead | (last_actions(is_dead, lengths) & (np.arange(N_AGENTS) == 1))
    flags[np.cumsum(lengths) - 1] = is_dead[np.cumsum(lengths) - 1]
    log = opened(write(path, rows | {name: flags if name == "dead" else ~flags}))
    assert np.array_equal(status_of(log), status)
    assert "acts for the last time where" in said(log)
