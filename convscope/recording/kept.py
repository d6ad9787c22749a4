"""What happened in an episode, copied as it came.

Recording may not slow down an environment whose step takes a fifth of a millisecond. A step therefore only copies; what
it copied is looked at when the episode is over.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convscope.recording.episode import RecordedColumn
from convscope.recording.runs import NUMBERS, AgentRuns, runs_of, stacked
from convscope.values.fields import ATTENTION, Level


class KeptByAgent:
    """A column of agents.

    Parameters
    ----------
    field
        What the column is, for its type and for errors.
    """

    __slots__ = ("_agents", "_rows", "_values", "field")

    def __init__(self, field: str) -> None:
        self.field = field
        self._rows: list[int] = []
        self._agents: list[tuple[str, ...]] = []
        self._values: list[Any] = []

    def put(self, row: int, values: Mapping[str, object]) -> None:
        """Keep a copy of what agents have in a row."""
        self._rows.append(row)
        self._agents.append(tuple(values))
        self._values.append([value if type(value) in NUMBERS else np.array(value) for value in values.values()])

    def put_copies(self, rows: Sequence[int], agents: Sequence[tuple[str, ...]], values: Sequence[Any]) -> None:
        """Keep what agents have in several rows, which was copied already."""
        is_behind = not self._rows or rows[0] >= self._rows[-1]
        self._rows.extend(rows)
        self._agents.extend(agents)
        self._values.extend(values)
        if not is_behind:
            order = sorted(range(len(self._rows)), key=self._rows.__getitem__)
            self._rows = [self._rows[entry] for entry in order]
            self._agents = [self._agents[entry] for entry in order]
            self._values = [self._values[entry] for entry in order]

    @property
    def is_there(self) -> bool:
        """Whether any agent has something in any row."""
        return any(self._agents)

    @property
    def n_bytes(self) -> int:
        """Memory that it takes, about."""
        return len(self._rows) * sum(getattr(value, "nbytes", 8) for row in self._values[:1] for value in row)

    def has(self, row: int) -> bool:
        """Whether an agent has something in a row that is not before the last one."""
        return any(last >= row and agents for last, agents in zip(self._rows[-1:], self._agents[-1:], strict=True))

    def runs(self) -> AgentRuns:
        """Return all of it, run by run."""
        return AgentRuns(field=self.field, runs=runs_of(self._rows, self._agents, self._values))


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
        self._values.append(value if type(value) in NUMBERS else np.array(value))

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
        if self._rows != list(range(n_rows)):
            dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
            rows = np.full((n_rows, *values.shape[1:]), np.nan, dtype)
            rows[self._rows] = values
            values = rows
        return RecordedColumn(level=self._level, values=values)
