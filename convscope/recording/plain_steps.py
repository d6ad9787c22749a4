"""Timesteps in which the same agents act, get a reward and observe: copied as fast as can be.

Recording may not slow down an environment whose step takes a quarter of a millisecond. Most episodes are nothing but
such steps, so that several of them are kept in one place and put into arrays together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.recording.episode import RecordedColumn, plain_numbers
from convscope.recording.packed import PackedRows
from convscope.recording.stacking import NUMBERS
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS, Level

_MANY_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where an episode is among others."""

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
        Copies what agents see; its agents are those that act and are rewarded.
    actions
        Copies what they do; None where an action is a single number.
    """

    __slots__ = ("_actions", "_columns", "_done", "_numbers", "_observations", "_put_together_at", "_seen", "agents")

    def __init__(self, observations: PackedRows, actions: PackedRows | None) -> None:
        self.agents = observations.agents
        self._observations = observations
        self._actions = actions
        self._seen: list[bytes] = []
        self._done: list[bytes] = []
        self._numbers: list[tuple[object, ...]] = []
        self._columns: dict[str, RecordedColumn] = {}
        self._put_together_at = (-1, -1)

    @property
    def is_full(self) -> bool:
        """Whether the next episode should have a new place, so that this one can be forgotten when it is committed."""
        return bool(self._columns) or self.row_bytes * len(self._seen) > _MANY_BYTES

    @property
    def row_bytes(self) -> int:
        """Memory that a step takes, about."""
        return self._observations.n_bytes + 16 * len(self.agents)

    @property
    def end(self) -> tuple[int, int]:
        """Number of steps and of observations so far, where the next episode begins."""
        return len(self._numbers), len(self._seen)

    def another(self) -> "PlainSteps":
        """Return a new place for such steps."""
        return PlainSteps(self._observations, self._actions)

    def observe(self, observations: Mapping[str, object]) -> bool:
        """Keep what is seen before the first action; return whether it is as it should be."""
        seen = self._observations.pack(observations)
        if seen is not None:
            self._seen.append(seen)
        return seen is not None

    def add(
        self, actions: Mapping[str, object], rewards: Mapping[str, object], observations: Mapping[str, object]
    ) -> bool:
        """Keep a step and what is seen after it; return whether it is plain, otherwise nothing is kept."""
        agents = self.agents
        if tuple(actions) != agents or tuple(rewards) != agents:
            return False
        done: bytes | None = b""
        if self._actions is None:
            numbers = (*actions.values(), *rewards.values())
        else:
            done, numbers = self._actions.pack(actions), tuple(rewards.values())
        seen = self._observations.pack(observations)
        if seen is None or done is None or not NUMBERS.issuperset(map(type, numbers)):
            return False
        if done:
            self._done.append(done)
        self._seen.append(seen)
        self._numbers.append(numbers)
        return True

    def columns(self, span: Span) -> Mapping[str, RecordedColumn]:
        """Return the columns of an episode."""
        if self.end != self._put_together_at:
            self._columns, self._put_together_at = self._put_together(), self.end
        spans = {ACTIONS: span.steps, REWARDS: span.steps, OBSERVATIONS: span.seen}
        return {field: _part(column, spans[field]) for field, column in self._columns.items()}

    def entries(self, span: Span) -> Mapping[str, Sequence[Sequence[Any]]]:
        """Return what agents have in each row of an episode, by field."""
        tables = {
            field: zip(*column.parts, strict=True) if column.values is None else column.values
            for field, column in self.columns(span).items()
        }
        return {field: [list(row) for row in rows] for field, rows in tables.items()}

    def _put_together(self) -> dict[str, RecordedColumn]:
        n_agents = len(self.agents)
        by_place = list(zip(*self._numbers, strict=True)) or [()] * (2 * n_agents)
        own = _of_numbers(ACTIONS, by_place[:n_agents]) if self._actions is None else self._actions.column(self._done)
        return {
            ACTIONS: own,
            REWARDS: _of_numbers(REWARDS, by_place[-n_agents:]),
            OBSERVATIONS: self._observations.column(self._seen),
        }


def _of_numbers(field: str, by_agent: Sequence[Sequence[object]]) -> RecordedColumn:
    return RecordedColumn(level=Level.AGENT, values=plain_numbers(field, np.array(by_agent)).T)


def _part(column: RecordedColumn, rows: slice) -> RecordedColumn:
    by_agent = None if column.by_agent is None else {agent: part[rows] for agent, part in column.by_agent.items()}
    values = None if column.values is None else column.values[rows]
    return RecordedColumn(level=column.level, values=values, by_agent=by_agent)
