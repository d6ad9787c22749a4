"""Recordings with a row for each step: put in order, and cut into the tracks of agents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope_loaders.rllib.tracks import Track
from convscope_loaders.structure.succession import is_same

FOLLOWING = "new_obs/"
"""Prefix of fields that say what came after each step."""
TERMINATED, TRUNCATED, DONE = FLAGS = ("terminateds", "truncateds", "dones")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowTable:
    """Some rows of steps, of any episodes and agents."""

    episodes: Sequence[str]
    """Of each row."""
    agents: Sequence[str]
    """Of each row."""
    times: IntArray | None
    """Timestep of the environment, shape (rows,); None where rows follow each other."""
    values: Mapping[str, FloatArray]
    """By field, and by `FOLLOWING` and field, shape (rows, values)."""
    flags: Mapping[str, BoolArray]
    """By `TERMINATED`, `TRUNCATED` and `DONE`, shape (rows,); those that the recording has."""


def tracks_of_rows(tables: Iterable[RowTable], place: str) -> tuple[Track, ...]:
    """Return the tracks of agents.

    Parameters
    ----------
    tables
        In the order of the recording.
    place
        The log, for errors.

    Raises
    ------
    LogFormatError
        If the rows of an episode do not follow each other, or differ in what they hold.
    """
    parts: dict[tuple[str, str], list[RowTable]] = {}
    for table in tables:
        for key, rows in _grouped(table).items():
            parts.setdefault(key, []).append(_taken(table, rows))
    return tuple(_track(episode, agent, group, place=place) for (episode, agent), group in parts.items())


def _grouped(table: RowTable) -> Mapping[tuple[str, str], list[int]]:
    rows: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(table.episodes, table.agents, strict=True)):
        rows.setdefault(key, []).append(row)
    return rows


def _taken(table: RowTable, rows: Sequence[int]) -> RowTable:
    return replace(
        table,
        episodes=(),
        agents=(),
        times=None if table.times is None else table.times[rows],
        values={name: column[rows] for name, column in table.values.items()},
        flags={name: flags[rows] for name, flags in table.flags.items()},
    )


def _track(episode: str, agent: str, parts: Sequence[RowTable], *, place: str) -> Track:
    where = f"{place}: episode {episode:.40}"
    for held in ([part.values for part in parts], [part.flags for part in parts]):
        if any(columns.keys() != held[0].keys() for columns in held):
            raise LogFormatError(f"{where} has other columns in some of its rows")
    values = {
        name: _concatenated([part.values[name] for part in parts], f"{where}: {name}") for name in parts[0].values
    }
    flags = {name: np.concatenate([part.flags[name] for part in parts]) for name in parts[0].flags}
    told = [part.times for part in parts if part.times is not None]
    times = np.concatenate(told) if len(told) == len(parts) else None
    order = np.arange(sum(len(next(iter(part.values.values()))) for part in parts))
    if times is not None:
        order = np.argsort(times, kind="stable")
        times = times[order]
    values = {name: column[order] for name, column in values.items()}
    _check_widths(values, where)
    if times is None:
        _check_following(values, where)
    last = {name: bool(column[order[-1]]) for name, column in flags.items()}
    return Track(
        episode=episode,
        agent=agent,
        n_steps=len(order),
        values=_with_following(values),
        times=None if times is None else np.append(times, times[-1] + 1),
        terminated=last.get(TERMINATED),
        truncated=last.get(TRUNCATED),
        has_ended=last.get(DONE),
    )


def _concatenated(parts: Sequence[FloatArray], what: str) -> FloatArray:
    if len({part.shape[1] for part in parts}) > 1:
        raise LogFormatError(f"{what} changes its shape")
    return np.concatenate(parts)


def _check_widths(values: Mapping[str, FloatArray], where: str) -> None:
    for name, column in values.items():
        after = values.get(f"{FOLLOWING}{name}")
        if after is not None and after.shape != column.shape:
            raise LogFormatError(
                f"{where}: {name} hold {column.shape[1]} numbers a row, and those that follow {after.shape[1]}"
            )


def _check_following(values: Mapping[str, FloatArray], where: str) -> None:
    for name, column in values.items():
        after = values.get(f"{FOLLOWING}{name}")
        is_break = np.zeros(0, np.bool_) if after is None else ~is_same(after[:-1], column[1:], 1)
        if is_break.any():
            row = int(np.argmax(is_break))
            raise LogFormatError(
                f"{where}: after step {row} another observation follows than new_obs says: rows are missing"
            )


def _with_following(values: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
    """Add what came after the last step as a row more."""
    return {
        name: column if (after := values.get(f"{FOLLOWING}{name}")) is None else np.concatenate([column, after[-1:]])
        for name, column in values.items()
        if not name.startswith(FOLLOWING)
    }
