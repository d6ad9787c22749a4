"""Which episode, joint step and agent each row of a table belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.episode_numbers import numbers_within
from convscope.values.arrays import FloatArray, IntArray
from convscope_loaders.tidy.mapping import TidyMapping
from convscope_loaders.tidy.row_names import RowNames


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keys:
    """Numbers by which rows are told apart: each column's own values, sorted."""

    levels: tuple[FloatArray, ...]
    """Values of each column of `TidyMapping.identity`."""
    agents: FloatArray
    """Values of the agent column."""

    def episode_codes(self, columns: Sequence[FloatArray]) -> IntArray:
        """Return one number for each row's episode, -1 for values that are no level.

        Parameters
        ----------
        columns
            In the order of ``levels``, each of shape (n,).
        """
        code = np.zeros(len(columns[0]), np.int64)
        is_known = np.ones(len(code), bool)
        for values, levels in zip(columns, self.levels, strict=True):
            found = _found(values, levels)
            is_known &= found >= 0
            code = code * len(levels) + found
        return np.where(is_known, code, -1)

    def agent_slots(self, values: FloatArray) -> IntArray:
        """Return the place of each row's agent, -1 for none, shape (n,)."""
        return _found(values, self.agents)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where rows of a table go."""

    taken: IntArray
    """The rows that are meant, as numbers within what was read, shape (n,)."""
    episode: IntArray
    """Place of each one's episode among those asked for, shape (n,)."""
    step: IntArray
    """Joint step within its episode, shape (n,)."""
    agent: IntArray
    """Slot, shape (n,)."""
    rows: IntArray
    """Joint steps of each episode asked for, shape (B,)."""

    @property
    def row(self) -> IntArray:
        """Row of each one among the joint steps of all episodes asked for, shape (n,)."""
        return (np.cumsum(self.rows) - self.rows)[self.episode] + self.step


def make_keys(columns: Mapping[str, FloatArray], agent: tuple[str, FloatArray], rows: RowNames) -> Keys:
    """Take stock of the values that tell episodes and agents apart.

    Parameters
    ----------
    columns
        Those that tell episodes apart, by path.
    agent
        Path and values of the column that says who a row is about.
    rows
        For errors.

    Raises
    ------
    LogFormatError
        If a row has no episode or no agent, or there are too many episodes to count.
    """
    for path, values in columns.items():
        check_filled(values, path, rows, what="episode")
    check_filled(agent[1], agent[0], rows, what="agent")
    levels = tuple(np.unique(values) for values in columns.values())
    if prod(len(values) for values in levels) > np.iinfo(np.int64).max:
        raise LogFormatError(f"{rows.place}: the columns of the episode hold too many values to be told apart")
    return Keys(levels=levels, agents=np.unique(agent[1]))


def check_filled(values: FloatArray, column: str, rows: RowNames, *, what: str) -> None:
    """Make sure that a column says something in every row.

    Raises
    ------
    LogFormatError
        If it does not; the message names the row.
    """
    is_there = np.isfinite(values)
    if not is_there.all():
        where, name = rows.of(int(np.argmin(is_there))), column.removeprefix("/")
        raise LogFormatError(f"{where} has no {what} in the column {name}; fill it in or leave the row out")


def place_rows(
    file: ArrayReader, mapping: TidyMapping, keys: Keys, *, labels: IntArray, start: int, stop: int | None
) -> Places:
    """Find where some rows of a table go.

    Parameters
    ----------
    file
        Open container.
    mapping
        Of the table.
    keys
        Of the whole table.
    labels
        Code of each episode asked for, shape (B,); all rows of these lie between ``start`` and ``stop``.
    start, stop
        Rows to look at.
    """
    codes = keys.episode_codes([read_numbers(file, column, start=start, stop=stop) for column in mapping.identity])
    order = np.argsort(labels)
    at = np.minimum(np.searchsorted(labels[order], codes), len(labels) - 1)
    taken = np.flatnonzero(labels[order][at] == codes)
    episode = order[at[taken]]
    agent = keys.agent_slots(read_numbers(file, mapping.agent, start=start, stop=stop))[taken]
    if mapping.time is None:
        time = numbers_within(episode * len(keys.agents) + agent).astype(np.float64)
    else:
        time = read_numbers(file, mapping.time, start=start, stop=stop)[taken]
    step, rows = _ranked(episode, time, len(labels))
    return Places(taken=taken, episode=episode, step=step, agent=agent, rows=rows)


def read_numbers(file: ArrayReader, column: str, *, start: int = 0, stop: int | None = None) -> FloatArray:
    """Read rows of a column with one number each."""
    return np.asarray(file.read(column, start, stop), dtype=np.float64).reshape(-1)


def _found(values: FloatArray, levels: FloatArray) -> IntArray:
    at = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
    return np.where(levels[at] == values, at, -1)


def _ranked(episode: IntArray, time: FloatArray, n_episodes: int) -> tuple[IntArray, IntArray]:
    """Return the rank of each row's time among those of its episode, and the number of ranks of each episode."""
    order = np.lexsort((time, episode))
    ordered, clock = episode[order], time[order]
    is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(order)]
    is_new = is_first | np.append(True, clock[1:] != clock[:-1])[: len(order)]
    count = np.cumsum(is_new)
    before = np.maximum.accumulate(np.where(is_first, count, 0))
    step = np.empty(len(order), np.int64)
    step[order] = count - before
    rows = np.bincount(ordered[is_new], minlength=n_episodes)
    return step, rows.astype(np.int64)
