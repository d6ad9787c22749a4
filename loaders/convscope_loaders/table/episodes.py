"""The number of the episode of each row, where a table has no such column: told by the clock or by end flags."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.episode_numbers import numbers_within
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope_loaders.table.computed import ComputedStore, computed, with_column
from convscope_loaders.tidy.places import read_numbers

EPISODE_COLUMN = "/{episode}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What tells episodes apart within each of the outer columns' values."""

    outer: tuple[str, ...]
    agent: str
    time: str | None
    """Starts again with each episode; None where the flags count."""
    flags: tuple[str, ...] = ()
    """True in an agent's last row."""

    def numbers(self, file: ArrayReader) -> IntArray:
        """Return the number of each row's episode, shape (n,)."""
        agent = _codes(read_numbers(file, self.agent))
        group = np.zeros(len(agent), np.int64)
        for column in self.outer:
            group = _codes(group * len(group) + _codes(read_numbers(file, column)))
        order = np.argsort(group, kind="stable")
        episodes = np.empty(len(order), np.int64)
        try:
            episodes[order] = self._in_groups(file, group, agent, order=order)
        except UncountableError as error:
            raise UncountableError(str(error), None if error.row is None else int(order[error.row])) from error
        return episodes

    def _in_groups(self, file: ArrayReader, group: IntArray, agent: IntArray, *, order: IntArray) -> IntArray:
        if self.time is not None:
            return by_clock(group[order], agent[order], read_numbers(file, self.time)[order])
        if self.flags:
            is_end = np.any([read_numbers(file, column) > 0 for column in self.flags], axis=0)
            return by_flags(group[order], agent[order], is_end[order])
        return group[order]


class UncountableError(LogFormatError):
    """Rows that cannot be told apart into episodes.

    Parameters
    ----------
    message
        Why not.
    row
        The first of them; None where it is no single one.
    """

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counted:
    """A table with a column of episode numbers, and how they came about."""

    container: Container
    said: str


def counted(container: Container, counting: Counting, state: tuple[int, int]) -> Counted:
    """Count the episodes of a table: by its clock, where that starts again, else by end flags.

    Parameters
    ----------
    container
        The table.
    counting
        What could tell episodes apart.
    state
        Size and time of change of the file.

    Raises
    ------
    UncountableError
        If rows of agents cannot be brought together.
    """
    by = ComputedStore(base=container.store, column=EPISODE_COLUMN, recipe=counting, state=state)
    if counting.time is not None and (not counting.flags or _starts_again(by, counting)):
        said = f"an episode begins where {counting.time.strip('/')} starts again"
        said = said if _starts_again(by, counting) else _ALL_IN_ONE
    else:
        by = replace(by, recipe=replace(counting, time=None))
        flags = " or ".join(flag.strip("/") for flag in counting.flags)
        said = f"a row with {flags} is its agent's last one of an episode" if flags else _ALL_IN_ONE
    return Counted(container=with_column(container, by), said=said)


_ALL_IN_ONE = "nothing marks the end of an episode: all rows of a run are read as one"


def _starts_again(store: ComputedStore, counting: Counting) -> bool:
    outside = replace(store, recipe=replace(counting, time=None, flags=()))
    return len(np.unique(computed(store))) > len(np.unique(computed(outside)))


def by_clock(group: IntArray, agent: IntArray, time: FloatArray) -> IntArray:
    """Count the episodes of rows whose clock starts again with each.

    Parameters
    ----------
    group
        What episodes never reach beyond, ascending, shape (n,).
    agent
        Of each row, from 0.
    time
        Timestep of each row.

    Raises
    ------
    UncountableError
        If the clock falls without starting again, or agents' rows follow each other and they have unequal numbers of
        episodes.
    """
    is_new = np.append(True, (group[1:] != group[:-1]) | (time[1:] < time[:-1]))[: len(time)]
    run = np.cumsum(is_new) - 1
    first = np.flatnonzero(is_new)
    if agent.max(initial=0) and not (agent != agent[first][run]).any():
        return _side_by_side(run, group[first], agent[first])
    starts = np.minimum.reduceat(time, np.flatnonzero(np.append(True, group[1:] != group[:-1])[: len(group)]))
    is_late = time[first] != starts[_codes(group[first])]
    if is_late.any():
        row = int(first[np.argmax(is_late)])
        raise UncountableError("the clock falls without starting again, so rows are not in the order of time", row)
    # Episodes of one step: the clock never goes on, but each agent comes again.
    least, most = np.minimum.reduceat(time, first), np.maximum.reduceat(time, first)
    again = np.where((least == most)[run], numbers_within(run * (int(agent.max(initial=0)) + 1) + agent), 0)
    return _codes(run * (int(again.max(initial=0)) + 1) + again)


def by_flags(group: IntArray, agent: IntArray, is_end: BoolArray) -> IntArray:
    """Count the episodes of rows of which each agent's last one is marked; parameters as in `by_clock`.

    Raises
    ------
    UncountableError
        If agents end in unequal numbers, so that some flags are not theirs.
    """
    stream = _codes(group * (int(agent.max(initial=0)) + 1) + agent)
    order = np.argsort(stream, kind="stable")
    ends = is_end[order].astype(np.int64)
    before = np.cumsum(ends) - ends
    is_first = np.append(True, stream[order][1:] != stream[order][:-1])[: len(order)]
    count = np.empty(len(order), np.int64)
    count[order] = before - before[is_first][np.cumsum(is_first) - 1]
    falls = (np.diff(count) < 0) & (np.diff(group) == 0)
    if falls.any() and not _lie_one_by_one(stream, count, group):
        row = int(np.argmax(falls)) + 1
        raise UncountableError("end flags of agents disagree on which episode a row belongs to", row)
    return _codes(group * (int(count.max(initial=0)) + 1) + count)


def _lie_one_by_one(stream: IntArray, count: IntArray, group: IntArray) -> bool:
    """Whether the rows of each agent lie together, and all agents of a group have as many episodes."""
    last = np.flatnonzero(np.append(stream[1:] != stream[:-1], True))
    n_most = np.zeros(int(group.max()) + 1, np.int64)
    np.maximum.at(n_most, group[last], count[last])
    return len(last) == len(np.unique(stream)) and bool((count[last] == n_most[group[last]]).all())


def _side_by_side(run: IntArray, group: IntArray, agent: IntArray) -> IntArray:
    """Count runs of rows of single agents: the first one of each agent is the first episode, and so on."""
    stream = _codes(group * (int(agent.max()) + 1) + agent)
    place = numbers_within(stream)
    n_runs = np.bincount(stream)
    group_of = group[np.unique(stream, return_index=True)[1]]
    for number in np.unique(group_of):
        if len(np.unique(n_runs[group_of == number])) > 1:
            least, most = n_runs[group_of == number].min(), n_runs[group_of == number].max()
            raise UncountableError(
                f"agents have from {least} to {most} episodes, and nothing says which belong together"
            )
    return _codes(group * (int(place.max()) + 1) + place)[run]


def _codes(values: npt.NDArray[Any]) -> IntArray:
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
