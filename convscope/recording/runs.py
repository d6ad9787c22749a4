"""A column of agents that was kept row by row, put together when the episode is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import Numbers, RecordedColumn, plain_numbers
from convscope.values.arrays import BoolArray
from convscope.values.fields import Level

NUMBERS = frozenset({bool, int, float, *(np.dtype(code).type for code in "?bhilqBHILQefd")})
"""Types of single numbers, which nobody can change afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rows one after the other in which the same agents have something."""

    first: int
    """The first of them."""
    agents: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    """What each agent has in each row: numbers, or arrays that nobody else can change."""

    @property
    def stop(self) -> int:
        """The row behind the last of them."""
        return self.first + len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRuns:
    """All of a column, run by run."""

    field: str
    runs: Sequence[Run]

    def column(self, agents: tuple[str, ...], n_rows: int) -> RecordedColumn:
        """Return the column of the finished episode.

        Parameters
        ----------
        agents
            All agents of the episode.
        n_rows
            Its rows.

        Raises
        ------
        UsageError
            If a value is no number or array of numbers, or has another shape than those before it.
        """
        (first, *others) = self.runs
        if not others and first.agents == agents and first.first == 0 and n_rows - first.stop in {0, 1}:
            table = table_of(self.field, [value for row in first.rows for value in row])
            if table is not None:
                return RecordedColumn(level=Level.AGENT, values=table.reshape(-1, len(agents), *table.shape[1:]))
        return self._by_agent(n_rows)

    def _by_agent(self, n_rows: int) -> RecordedColumn:
        pieces: dict[str, list[tuple[int, Numbers]]] = {}
        for run in self.runs:
            for agent, values in zip(run.agents, zip(*run.rows, strict=True), strict=True):
                pieces.setdefault(agent, []).append((run.first, stacked(self.field, values)))
        found = {agent: self._joined(parts, n_rows) for agent, parts in pieces.items()}
        return RecordedColumn(
            level=Level.AGENT,
            by_agent={agent: rows for agent, (rows, _) in found.items()},
            is_given={agent: is_given for agent, (_, is_given) in found.items()},
        )

    def _joined(self, pieces: Sequence[tuple[int, Numbers]], n_rows: int) -> tuple[Numbers, BoolArray]:
        shapes = {part.shape[1:] for _, part in pieces}
        if len(shapes) > 1:
            raise UsageError(f"{self.field} changes its shape within an episode: {sorted(shapes)}")
        rows = np.zeros((n_rows, *shapes.pop()), np.result_type(*(part.dtype for _, part in pieces)))
        is_given = np.zeros(n_rows, np.bool_)
        for first, part in pieces:
            rows[first : first + len(part)] = part
            is_given[first : first + len(part)] = True
        return rows, is_given


def runs_of(rows: Sequence[int], agents: Sequence[tuple[str, ...]], values: Sequence[Sequence[Any]]) -> list[Run]:
    """Return the runs of a column.

    Parameters
    ----------
    rows, agents, values
        Of each entry: its row, who has something in it, and what. Entries that share a row make runs of their own.
    """
    if len(set(agents)) == 1 and list(rows) == list(range(rows[0], rows[0] + len(rows))):
        return [Run(first=rows[0], agents=agents[0], rows=values)]
    runs: list[Run] = []
    entries: list[Sequence[Any]] = []
    for row, names, of_row in zip(rows, agents, values, strict=True):
        if not runs or runs[-1].agents != names or runs[-1].stop != row:
            entries = []
            runs.append(Run(first=row, agents=names, rows=entries))
        entries.append(of_row)
    return runs


def stacked(field: str, values: Sequence[Any]) -> Numbers:
    """Return values of one shape as an array, of a type that holds them all.

    Raises
    ------
    UsageError
        If they have several shapes, or are no numbers.
    """
    table = table_of(field, values)
    if table is not None:
        return table
    try:
        return plain_numbers(field, np.array(values))
    except ValueError as error:
        shapes = sorted({np.shape(value) for value in values})
        raise UsageError(f"{field} changes its shape within an episode: {shapes}") from error


def table_of(field: str, values: Sequence[Any]) -> Numbers | None:
    """Return values as an array, if they are single numbers, or arrays of one type and shape."""
    types = set(map(type, values))
    if types <= NUMBERS:
        return plain_numbers(field, np.array(values))
    kinds = {(value.dtype, value.shape) for value in values} if types == {np.ndarray} else set()
    if len(kinds) != 1 or values[0].dtype.kind not in "biuf":
        return None
    # Much quicker than stacking thousands of small arrays.
    joined = b"".join([value.tobytes() for value in values])
    return plain_numbers(field, np.ndarray((len(values), *values[0].shape), values[0].dtype, joined))
