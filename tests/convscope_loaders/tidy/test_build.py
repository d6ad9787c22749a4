"""A table with a row per agent and timestep becomes whole episodes, whatever the order of its rows."""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Container, Inventory
from convscope.ingest.parsed import MemoryReader
from convscope.ingest.probe import FileKind, Probe
from convscope.values.fields import Level
from convscope.values.status import EndKind, Status
from convscope_loaders.tidy.build import TidyReading, build_tidy_log
from convscope_loaders.tidy.mapping import TidyField, TidyMapping
from tests.convscope_loaders.reading import whole

NAN = np.nan
# run, episode, t, agent, x, reward, action, ended, role
ROWS = [
    (0, 5, 0, 1, 0.1, 1.0, 2, 0, 0),
    (0, 5, 0, 0, 0.0, 1.0, 1, 0, 1),
    (0, 5, 2, 0, 0.2, 2.0, 0, 0, 1),  # agent 1 skips a step
    (0, 5, 4, 0, 0.4, 4.0, 1, 0, 1),
    (0, 5, 4, 1, 0.5, 4.0, 2, 1, 0),
    (0, 5, 6, 0, 0.6, NAN, NAN, 1, 1),  # nobody acts: the final observation
    (0, 5, 6, 1, 0.7, NAN, NAN, 1, 0),
    (1, 5, 0, 0, 1.0, 0.0, 0, 0, 1),
    (1, 5, 0, 1, 1.1, 0.0, 0, 0, 0),
    (1, 5, 1, 0, 1.2, 3.0, 1, 0, 1),  # agent 1 is out
]
NAMES = ("seed", "ep", "t", "agent", "x", "reward", "action", "ended", "role")
MAPPING = TidyMapping(
    run="/seed",
    episode=("/ep",),
    time="/t",
    agent="/agent",
    terminated="/ended",
    role="/role",
    fields=(
        TidyField(name="observations", columns=("/x", "/t")),
        TidyField(name="team_rewards", columns=("/reward",), level=Level.TEAM),
        TidyField(name="actions", columns=("/action",), values=("stay", "left", "right")),
    ),
)


@dataclass(frozen=True)
class Memory:
    arrays: dict

    @contextmanager
    def open(self):
        yield MemoryReader(self.arrays, "table")


def log_of(rows, mapping=MAPPING, **changed):
    arrays = {
        f"/{name}": np.array(column, np.float64) for name, column in zip(NAMES, zip(*rows, strict=True), strict=True)
    }
    arrays |= changed
    infos = {path: ArrayInfo(path=path, shape=a.shape, dtype=a.dtype.str) for path, a in arrays.items()}
    attributes = {"/role": {"values": ("scout", "guard")}, "/agent": {"values": ("ann", "bob")}}
    container = Container(inventory=Inventory(datasets=infos, attributes=attributes), store=Memory(arrays))
    probe = Probe(path=Path(__file__), name="table.csv", kind=FileKind.TEXT)
    return build_tidy_log(probe, container, TidyReading(mapping=mapping), loader="tidy")


def test_episodes_steps_and_ends_are_those_of_the_rows():
    log = log_of(ROWS)
    assert log.episodes.runs == ("seed_0", "seed_1")
    assert log.episodes.length.tolist() == [3, 2]
    assert log.episodes.rows.tolist() == [4, 2]
    assert log.episodes.number.tolist() == [0, 0]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.CUT]
    assert [(agent.name, agent.declared_role) for agent in log.header.agents] == [("ann", "guard"), ("bob", "scout")]
    assert log.header.agents[0].action_space.n == (3,)


def test_who_skips_a_step_waits_and_who_stops_is_out():
    block = whole(log_of(ROWS))
    acting, waiting, dead = Status.ACTING, Status.WAITING, Status.DEAD
    assert block.status.tolist() == [
        [acting, acting],
        [acting, waiting],
        [acting, acting],
        [waiting, waiting],
        [acting, acting],
        [acting, dead],
    ]
    assert block.columns["actions"][:, :, 0].tolist()[:3] == [[1, 2], [0, pytest.approx(NAN, nan_ok=True)], [1, 2]]
    assert block.columns["team_rewards"].tolist() == pytest.approx([1, 2, 4, NAN, 0, 3], nan_ok=True)
    assert block.columns["observations"][2].tolist() == [[0.4, 4], [0.5, 4]]


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(len(ROWS))))
def test_the_order_of_the_rows_changes_nothing(order):
    expected, found = log_of(ROWS), log_of([ROWS[row] for row in order])
    assert found.episodes.length.tolist() == expected.episodes.length.tolist()
    assert found.episodes.end.tolist() == expected.episodes.end.tolist()
    assert found.header.agents == expected.header.agents
    ours, theirs = whole(found), whole(expected)
    assert np.array_equal(ours.status, theirs.status)
    for name, column in theirs.columns.items():
        assert np.array_equal(ours.columns[name], column, equal_nan=True)


def test_episodes_that_interleave_are_read_apart_in_blocks_of_any_size():
    rows = [(0, ep, t, a, 10 * ep + t, 0, a, 0, 0) for t in range(3) for ep in range(4) for a in range(2)]
    log = log_of(rows)
    assert log.episodes.length.tolist() == [3, 3, 3, 3]
    blocks = list(log.blocks(frozenset({"observations"}), max_bytes=1))
    assert [block.columns["observations"][:, 0, 0].tolist() for block in blocks] == [
        [10 * ep, 10 * ep + 1, 10 * ep + 2] for ep in range(4)
    ]


def test_without_a_clock_the_rows_of_an_agent_follow_each_other():
    mapping = TidyMapping(episode=("/ep",), agent="/agent", fields=(TidyField(name="actions", columns=("/action",)),))
    log = log_of(ROWS[7:], mapping)
    assert log.episodes.length.tolist() == [2]
    assert whole(log).columns["actions"][:, 0, 0].tolist() == [0, 1]


def test_weights_of_senders_are_those_of_the_rows_agent_as_receiver():
    weights = np.arange(4 * len(ROWS), dtype=np.float64).reshape(len(ROWS), 4)
    mapping = replace(MAPPING, fields=(TidyField(name="attention", columns=("/w",), level=Level.PAIR),))
    found = whole(log_of(ROWS, mapping, **{"/w": weights})).columns["attention"]
    assert found.shape == (6, 2, 2, 2)  # rows, heads, receiver, sender
    assert found[0, :, 1].tolist() == [[0, 1], [2, 3]]
    assert found[0, :, 0].tolist() == [[4, 5], [6, 7]]
    assert np.isnan(found[1, :, 1]).all()
    with pytest.raises(LogFormatError, match="3 numbers a row, for 2 senders"):
        log_of(ROWS, mapping, **{"/w": weights[:, :3]})


def test_agents_may_have_fewer_numbers_than_others():
    fields = (TidyField(name="observations", columns=("/x", "/t"), widths=(2, 1)), MAPPING.fields[2])
    log = log_of(ROWS, replace(MAPPING, fields=fields))
    assert log.header.field("observations").widths == (2, 1)
    assert log.header.agents[0].group != log.header.agents[1].group


@pytest.mark.parametrize(
    ("rows", "changed", "message"),
    [
        (ROWS + ROWS[:1], {}, "two rows in one timestep"),
        (ROWS, {"/x": np.zeros(3)}, "differ in length"),
        (ROWS, {"/agent": np.full(len(ROWS), NAN)}, "row 0 has no agent in the column agent"),
        (ROWS, {"/agent": np.zeros((len(ROWS), 2))}, "more than a number a row"),
    ],
)
def test_what_is_no_table_is_a_clear_error(rows, changed, message):
    with pytest.raises(LogFormatError, match=message):
        log_of(rows, **changed)


def changed(rows, row, name, value):
    column = NAMES.index(name)
    return [(*own[:column], value, *own[column + 1 :]) if number == row else own for number, own in enumerate(rows)]


def said(log):
    return [(notice.code, notice.message, notice.where) for notice in log.header.notices]


def test_the_first_role_of_an_episode_counts_and_a_change_is_counted():
    log = log_of(changed(ROWS, 3, "role", 0))  # ann is a guard until time 4
    assert [(agent.name, agent.declared_role) for agent in log.header.agents] == [("ann", "guard"), ("bob", "scout")]
    message = "an agent's declared role changes within an episode in 1 of 4 cases; its first one counts"
    assert said(log) == [("role-changes", message, "/role")]
    assert said(log_of(changed(ROWS, 0, "role", NAN))) == []  # bob's first row says nothing
    assert log_of(changed(ROWS, 0, "role", NAN)).header.agents[1].declared_role == "scout"


def test_a_team_that_changes_is_counted():
    mapping = replace(MAPPING, role=None, team="/role")
    log = log_of(changed(ROWS, 7, "role", 0), mapping)  # ann changes between runs
    assert [agent.team for agent in log.header.agents] == ["guard", "scout"]
    assert said(log) == [("team-changes", "the team of 1 of 2 agents changes; its first one counts", "/role")]


def test_a_team_reward_that_differs_between_rows_of_a_step_is_counted():
    log = log_of(changed(ROWS, 4, "reward", 5.0))
    assert whole(log).columns["team_rewards"].tolist() == pytest.approx([1, 2, 4, NAN, 0, 3], nan_ok=True)
    message = "team_rewards differs between the rows of a timestep in 1 of 6 timesteps; the first that is there counts"
    assert said(log) == [("team-value-differs", message, "/reward")]


def test_a_team_reward_in_one_row_of_a_step_is_that_of_the_step():
    log = log_of(changed(ROWS, 0, "reward", NAN))
    assert whole(log).columns["team_rewards"].tolist()[0] == 1
    assert said(log) == []


def test_uneven_times_and_final_observations_are_assumptions():
    first = "each time with a row is a timestep: the times of an episode are {} apart"
    last = "the last row of {} of 2 episodes has no action: it is the observation after the last step"
    assert log_of(ROWS).header.inputs[0].assumptions == (first.format("1 to 2"), last.format(1))
    even = [(0, 0, t, a, 0.0, 0.0, 1, 0, 0) for t in (0, 1, 2) for a in (0, 1)]
    assert log_of(even).header.inputs[0].assumptions == ()
    assert log_of(changed(even, 5, "t", 8)).header.inputs[0].assumptions == (first.format("1 to 6"),)
    tens = [(*row[:2], 10 * row[2], *row[3:]) for row in even]
    assert log_of(tens).header.inputs[0].assumptions == (first.format("10"),)
