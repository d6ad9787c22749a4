"""What happened in an episode, copied as it came.

Recording may not slow down an environment. A step therefore only copies; what it copied is looked at when the episode
is committed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convscope.recording.episode import Numbers, RecordedColumn
from convscope.recording.stacking import copied, stacked
from convscope.values.arrays import BoolArray
from convscope.values.fields import ATTENTION, Level


class KeptByAgent:
    """A column of agents.

    Parameters
    ----------
    field
        What the column is, for its type and for errors.
    """

    __slots__ = ("_entries", "field")

    def __init__(self, field: str) -> None:
        self.field = field
        self._entries: list[tuple[int, Sequence[str], Sequence[Any]]] = []

    def put(self, row: int, values: Mapping[str, object]) -> None:
        """Keep a copy of what agents have in a row."""
        self._entries.append((row, tuple(values), [copied(value) for value in values.values()]))

    def put_first(self, agents: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Keep what agents had in the first rows, which was copied already."""
        self._entries = [*((row, agents, values) for row, values in enumerate(rows)), *self._entries]

    @property
    def agents(self) -> set[str]:
        """Agents that have something."""
        return {agent for _, agents, _ in self._entries for agent in agents}

    @property
    def n_bytes(self) -> int:
        """Memory that it takes, about."""
        return len(self._entries) * sum(getattr(v, "nbytes", 8) for _, _, values in self._entries[:1] for v in values)

    def has(self, row: int) -> bool:
        """Whether an agent has something in a row that is not before the last one."""
        return any(last >= row and agents for last, agents, _ in self._entries[-1:])

    def column(self, n_rows: int) -> RecordedColumn:
        """Return the column of the finished episode.

        Raises
        ------
        UsageError
            If a value is no number or array of numbers, or has another shape than those before it.
        """
        rows_of: dict[str, list[int]] = {}
        values_of: dict[str, list[Any]] = {}
        for row, agents, values in self._entries:
            for agent, value in zip(agents, values, strict=True):
                rows_of.setdefault(agent, []).append(row)
                values_of.setdefault(agent, []).append(value)
        found = {
            agent: _spread(stacked(self.field, values), rows_of[agent], n_rows) for agent, values in values_of.items()
        }
        return RecordedColumn(
            level=Level.AGENT,
            by_agent={agent: values for agent, (values, _) in found.items()},
            is_given={agent: is_given for agent, (_, is_given) in found.items()},
        )


class KeptValues:
    """A column of the team or of pairs.

    Parameters
    ----------
    field
        What the column is, for its type and for errors.
    level
        That of the field.
    """

    __slots__ = ("_level", "_rows", "_values", "field")

    def __init__(self, field: str, level: Level) -> None:
        self.field = field
        self._level = level
        self._rows: list[int] = []
        self._values: list[Any] = []

    def put(self, row: int, value: object) -> None:
        """Keep a copy of what there is in a row."""
        self._rows.append(row)
        self._values.append(copied(value))

    @property
    def n_bytes(self) -> int:
        """Memory that it takes, about."""
        return len(self._rows) * sum(getattr(value, "nbytes", 8) for value in self._values[:1])

    def has(self, row: int) -> bool:
        """Whether there is something in a row that is not before the last one."""
        return bool(self._rows) and self._rows[-1] >= row

    def column(self, n_rows: int) -> RecordedColumn:
        """Return the column of the finished episode; rows that were not kept are missing.

        Raises
        ------
        UsageError
            If a value is no number or array of numbers, or has another shape than those before it.
        """
        values = stacked(self.field, self._values)
        if self.field == ATTENTION and values.ndim == 3:  # one head
            values = values[:, np.newaxis]
        values, is_given = _spread(values, self._rows, n_rows)
        if not is_given.all():
            values = values if values.dtype.kind == "f" else values.astype(np.float64)
            values[~is_given] = np.nan
        return RecordedColumn(level=self._level, values=values)


def _spread(values: Numbers, rows: Sequence[int], n_rows: int) -> tuple[Numbers, BoolArray]:
    """Put values in their rows, and return which these are; the others hold zeros."""
    if len(values) == n_rows and list(rows) == list(range(n_rows)):
        return values, np.ones(n_rows, np.bool_)
    every: Numbers = np.zeros((n_rows, *values.shape[1:]), values.dtype)
    is_given = np.zeros(n_rows, np.bool_)
    every[list(rows)], is_given[list(rows)] = values, True
    return every, is_given
