"""Timesteps in which the same agents act, get a reward and observe: copied as fast as can be.

Recording may not slow down an environment whose step takes a quarter of a millisecond. Most episodes are nothing but
such steps, so that several of them are kept in one place and put into arrays together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convscope.recording.episode import RecordedColumn
from convscope.recording.runs import NUMBERS, table_of
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS, Level

_MANY = 4096


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
    agents
        Who acts, is rewarded and observes in each of them, in this order.
    """

    __slots__ = ("_actions", "_observations", "_rewards", "_tables", "agents")

    def __init__(self, agents: tuple[str, ...]) -> None:
        self.agents = agents
        self._actions: list[tuple[object, ...]] = []
        self._rewards: list[tuple[object, ...]] = []
        self._observations: list[list[Any]] = []
        self._tables: dict[str, RecordedColumn] | None = None

    @property
    def is_full(self) -> bool:
        """Whether the next episode should have a new place, so that this one can be forgotten when it is committed."""
        return self._tables is not None or len(self._actions) >= _MANY

    @property
    def row_bytes(self) -> int:
        """Memory that a step takes, about."""
        seen = sum(observation.nbytes for observation in self._observations[-1]) if self._observations else 0
        return int(seen) + 16 * len(self.agents)

    @property
    def end(self) -> tuple[int, int]:
        """Number of steps and of observations so far, where the next episode begins."""
        return len(self._actions), len(self._observations)

    def observe(self, observations: Mapping[str, Any]) -> bool:
        """Keep what is seen before the first action; return whether that was of the right agents."""
        if tuple(observations) != self.agents:
            return False
        self._observations.append([observation.copy() for observation in observations.values()])
        return True

    def add(
        self, actions: Mapping[str, object], rewards: Mapping[str, object], observations: Mapping[str, Any]
    ) -> bool:
        """Keep a step and what is seen after it; return whether it is plain, otherwise nothing is kept.

        Parameters
        ----------
        actions, rewards
            Single numbers; a step with anything else is not plain.
        observations
            Arrays.
        """
        agents = self.agents
        if tuple(actions) != agents or tuple(rewards) != agents or tuple(observations) != agents:
            return False
        acting, rewarded = tuple(actions.values()), tuple(rewards.values())
        if not NUMBERS.issuperset(map(type, acting)) or not NUMBERS.issuperset(map(type, rewarded)):
            return False
        self._actions.append(acting)
        self._rewards.append(rewarded)
        self._observations.append([observation.copy() for observation in observations.values()])
        return True

    def columns(self, span: Span) -> Mapping[str, RecordedColumn] | None:
        """Return the columns of an episode; None where its values are of several kinds."""
        if self._tables is None:
            self._tables = self._put_together()
        spans = {ACTIONS: span.steps, REWARDS: span.steps, OBSERVATIONS: span.seen}
        return (
            {field: _part(self._tables[field], of_field) for field, of_field in spans.items()} if self._tables else None
        )

    def entries(self, span: Span) -> Mapping[str, Sequence[Sequence[Any]]]:
        """Return what agents have in each row of an episode, by field; observations have one row more."""
        return {
            ACTIONS: self._actions[span.steps],
            REWARDS: self._rewards[span.steps],
            OBSERVATIONS: self._observations[span.seen],
        }

    def _put_together(self) -> dict[str, RecordedColumn]:
        """Return the columns of all episodes; none where values are of several kinds."""
        kept = self.entries(Span(first=(0, 0), length=len(self._observations)))
        columns = {field: _column(field, self.agents, rows) for field, rows in kept.items()}
        alike = {field: column for field, column in columns.items() if column is not None}
        return alike if len(alike) == len(columns) else {}


def _column(field: str, agents: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> RecordedColumn | None:
    values = table_of(field, [value for row in rows for value in row])
    if values is not None:
        return RecordedColumn(level=Level.AGENT, values=values.reshape(len(rows), len(agents), *values.shape[1:]))
    by_agent = {
        agent: table_of(field, of_agent) for agent, of_agent in zip(agents, zip(*rows, strict=True), strict=True)
    }
    alike = {agent: values for agent, values in by_agent.items() if values is not None}
    return RecordedColumn(level=Level.AGENT, by_agent=alike) if len(alike) == len(agents) else None


def _part(column: RecordedColumn, rows: slice) -> RecordedColumn:
    by_agent = None if column.by_agent is None else {agent: part[rows] for agent, part in column.by_agent.items()}
    values = None if column.values is None else column.values[rows]
    return RecordedColumn(level=column.level, values=values, by_agent=by_agent)
