"""Timesteps in which the same agents act, get a reward and observe: copied as fast as can be.

Recording may not slow down an environment whose step takes a quarter of a millisecond. Most episodes are nothing but
such steps, so that several of them are kept in one place and put into arrays together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.recording.episode import RecordedColumn, plain_numbers
from convscope.recording.runs import NUMBERS
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS, Level

_MANY_BYTES = 4 << 20
_MAX_ROW_BYTES = 1 << 14
"""Where agents see more in a step, it takes so long that copying it in the usual way makes no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where the episode is among others."""

    first: tuple[int, int]
    """Its first step, and its first observation."""
    length: int
    """Its steps; there is one observation more."""

    @property
    def steps(self) -> slice:
        """Its steps."""
        return slice(self.first[0], self.first[0] + self.length)

    @property
    def seen(self) -> slice:
        """Its observations."""
        return slice(self.first[1], self.first[1] + self.length + 1)


class PlainSteps:
    """Takes the steps of whole episodes, one after the other.

    Parameters
    ----------
    observations
        What each agent sees, for an example of steps to come: of the same agents, in this order, with as many numbers
        of the same type.
    """

    __slots__ = ("_columns", "_dtypes", "_example", "_numbers", "_seen", "_sizes", "agents")

    def __init__(self, observations: Mapping[str, npt.NDArray[Any]]) -> None:
        self.agents = tuple(observations)
        self._example = observations
        self._dtypes = [observation.dtype for observation in observations.values()]
        self._sizes = [observation.nbytes for observation in observations.values()]
        self._numbers: list[tuple[object, ...]] = []
        self._seen: list[bytes] = []
        self._columns: dict[str, RecordedColumn] = {}

    @staticmethod
    def is_example(observations: Mapping[str, object]) -> bool:
        """Whether steps with such observations can be kept: a row of numbers of each agent."""
        arrays = [value for value in observations.values() if isinstance(value, np.ndarray) and value.ndim == 1]
        is_rows = len(arrays) == len(observations) and all(a.size and a.dtype.kind in "biuf" for a in arrays)
        is_rows &= bool(arrays)
        return is_rows and sum(array.nbytes for array in arrays) <= _MAX_ROW_BYTES

    @property
    def is_full(self) -> bool:
        """Whether the next episode should have a new place, so that this one can be forgotten when it is committed."""
        return bool(self._columns) or self.row_bytes * len(self._seen) > _MANY_BYTES

    @property
    def row_bytes(self) -> int:
        """Memory that a step takes, about."""
        return sum(self._sizes) + 16 * len(self.agents)

    @property
    def end(self) -> tuple[int, int]:
        """Number of steps and of observations so far, where the next episode begins."""
        return len(self._numbers), len(self._seen)

    def another(self) -> "PlainSteps":
        """Return a new place for such steps."""
        return PlainSteps(self._example)

    def observe(self, observations: Mapping[str, Any]) -> bool:
        """Keep what is seen before the first action; return whether it is as in the example."""
        values = observations.values()
        try:
            parts = [value.tobytes() for value in values]
            if [value.dtype for value in values] != self._dtypes or [*map(len, parts)] != self._sizes:
                return False
        except AttributeError:  # no arrays
            return False
        if tuple(observations) != self.agents:
            return False
        self._seen.append(b"".join(parts))
        return True

    def add(
        self, actions: Mapping[str, object], rewards: Mapping[str, object], observations: Mapping[str, Any]
    ) -> bool:
        """Keep a step and what is seen after it; return whether it is plain, otherwise nothing is kept.

        Parameters
        ----------
        actions, rewards
            Single numbers, of the agents of the example in their order.
        observations
            As in the example.
        """
        agents = self.agents
        if tuple(actions) != agents or tuple(rewards) != agents:
            return False
        numbers = (*actions.values(), *rewards.values())
        if not NUMBERS.issuperset(map(type, numbers)) or not self.observe(observations):
            return False
        self._numbers.append(numbers)
        return True

    def columns(self, span: Span) -> Mapping[str, RecordedColumn]:
        """Return the columns of an episode."""
        if not self._columns:
            self._columns = {**self._of_numbers(self._numbers), OBSERVATIONS: self._of_seen(self._seen)}
        spans = {ACTIONS: span.steps, REWARDS: span.steps, OBSERVATIONS: span.seen}
        return {field: _part(column, spans[field]) for field, column in self._columns.items()}

    def entries(self, span: Span) -> Mapping[str, Sequence[Sequence[Any]]]:
        """Return what agents have in each row of an episode, by field; observations have one row more."""
        seen = self._of_seen(self._seen[span.seen])
        rows = seen.parts[0] if seen.values is not None else zip(*seen.parts, strict=True)
        numbers, n_agents = self._numbers[span.steps], len(self.agents)
        return {
            ACTIONS: [row[:n_agents] for row in numbers],
            REWARDS: [row[n_agents:] for row in numbers],
            OBSERVATIONS: [list(row) for row in rows],
        }

    def _of_numbers(self, rows: Sequence[tuple[object, ...]]) -> dict[str, RecordedColumn]:
        by_place = list(zip(*rows, strict=True))
        n_agents = len(self.agents)
        found = {ACTIONS: np.array(by_place[:n_agents]).T, REWARDS: np.array(by_place[n_agents:]).T}
        return {
            field: RecordedColumn(level=Level.AGENT, values=plain_numbers(field, values))
            for field, values in found.items()
        }

    def _of_seen(self, rows: Sequence[bytes]) -> RecordedColumn:
        joined = b"".join(rows)
        if len(set(self._dtypes)) == len(set(self._sizes)) == 1:
            shape = (len(rows), len(self.agents), -1)
            return RecordedColumn(level=Level.AGENT, values=np.frombuffer(joined, self._dtypes[0]).reshape(shape))
        table = np.frombuffer(joined, np.uint8).reshape(len(rows), -1)
        parts = np.split(table, np.cumsum(self._sizes)[:-1], axis=1)
        by_agent = {
            agent: np.frombuffer(part.tobytes(), dtype).reshape(len(rows), -1)
            for agent, dtype, part in zip(self.agents, self._dtypes, parts, strict=True)
        }
        return RecordedColumn(level=Level.AGENT, by_agent=by_agent)


def _part(column: RecordedColumn, rows: slice) -> RecordedColumn:
    by_agent = None if column.by_agent is None else {agent: part[rows] for agent, part in column.by_agent.items()}
    values = None if column.values is None else column.values[rows]
    return RecordedColumn(level=column.level, values=values, by_agent=by_agent)
