"""The columns of a log that the predictive test draws on, one number per row each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from convscope.values.fields import ACTION_MASKS, ACTIONS, ENTITY_POSITIONS, MESSAGES, OBSERVATIONS, POSITIONS
from convscope.values.header import ActionKind, Agent, LogHeader

MOST_SYMBOLS = 24
"""Actions with a higher number than this count as one."""
_MOST_MESSAGE_COLUMNS = 16
_MOST_ENTITY_COLUMNS = 24
_MOST_ENTITY_BEARINGS = 60


class Kind(StrEnum):
    """What a column holds."""

    SYMBOL = "symbol"
    """1 where a discrete action has this value."""
    ACTION = "action"
    """A component of a continuous action."""
    MESSAGE = "message"
    """A component of what the agent broadcast."""
    POSITION = "position"
    """A coordinate of the agent."""
    PLACE = "place"
    """A coordinate of the agent, found in its observation. Found, not declared: it conditions, but makes no edge."""
    ACTING = "acting"
    """1 where the agent acts: death and waiting are conditions, never actions."""
    LEGAL = "legal"
    """1 where an action of the agent is legal."""
    ENTITY = "entity"
    """A coordinate of a thing that is no agent."""
    ENTITY_BEARING = "entity-bearing"
    """A component of the unit vector from an agent to a thing."""
    THING_BEARING = "thing-bearing"
    """A component of the unit vector from an agent to a thing, found in its observation."""


OWN_KINDS = frozenset({Kind.SYMBOL, Kind.ACTION, Kind.MESSAGE, Kind.POSITION})
"""What belongs to an agent: its past when it is the receiver, what is tested when it is the sender."""
TARGET_KINDS = frozenset({Kind.SYMBOL, Kind.ACTION})
"""What is predicted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column."""

    kind: Kind
    agent: int = -1
    """Whom it belongs to; -1 for nobody."""
    partner: int = -1
    """The number of the thing, or the first of its columns in the observation; -1 for none."""
    component: int = 0
    value: int = -1
    """The action that a symbol stands for, or that may be legal."""


def column_bank(header: LogHeader, places: Sequence[int] = (), things: Sequence[int] = ()) -> tuple[Column, ...]:
    """Return the columns that a log affords, in an order that only its header gives.

    Parameters
    ----------
    header
        Of the log.
    places
        Columns of the observations that are coordinates of the agent itself.
    things
        First of the columns of the observations that say where a thing is from the agent.
    """
    held = {spec.name: spec.shape for spec in header.fields}
    n_agents = len(header.agents)
    n_axes = held[POSITIONS][-1] if POSITIONS in held else 0
    columns = [column for place, agent in enumerate(header.agents) for column in _actions(place, agent)]
    columns += [Column(kind=Kind.ACTING, agent=agent) for agent in range(n_agents)]
    columns += _each(Kind.POSITION, n_agents, n_axes)
    columns += [Column(kind=Kind.PLACE, agent=agent, component=c) for agent in range(n_agents) for c in places]
    if n_agents * len(things) * len(places) <= _MOST_ENTITY_BEARINGS:
        cells = product(range(n_agents), things, range(len(places)))
        columns += [Column(kind=Kind.THING_BEARING, agent=a, partner=t, component=axis) for a, t, axis in cells]
    if MESSAGES in held and held[MESSAGES][-1] <= _MOST_MESSAGE_COLUMNS:
        columns += _each(Kind.MESSAGE, n_agents, held[MESSAGES][-1])
    if ACTION_MASKS in held and held[ACTION_MASKS][-1] <= MOST_SYMBOLS:
        legal = product(range(n_agents), range(held[ACTION_MASKS][-1]))
        columns += [Column(kind=Kind.LEGAL, agent=agent, value=value) for agent, value in legal]
    columns += _entities(held.get(ENTITY_POSITIONS, (0, 0)), n_agents, n_axes)
    return tuple(columns)


def _actions(place: int, agent: Agent) -> Iterator[Column]:
    space = agent.action_space
    if space.kind == ActionKind.CONTINUOUS:
        yield from (Column(kind=Kind.ACTION, agent=place, component=component) for component in range(space.width))
        return
    for component, n_values in enumerate(space.n):
        values = range(min(n_values, MOST_SYMBOLS))
        yield from (Column(kind=Kind.SYMBOL, agent=place, component=component, value=value) for value in values)


def _each(kind: Kind, n_agents: int, width: int) -> list[Column]:
    cells = product(range(n_agents), range(width))
    return [Column(kind=kind, agent=agent, component=component) for agent, component in cells]


def _entities(shape: tuple[int, ...], n_agents: int, n_axes: int) -> list[Column]:
    n_things, n_thing_axes = shape[-2:]
    if not 0 < n_things * n_thing_axes <= _MOST_ENTITY_COLUMNS:
        return []
    places = product(range(n_things), range(n_thing_axes))
    columns = [Column(kind=Kind.ENTITY, partner=thing, component=axis) for thing, axis in places]
    if n_agents * n_things * n_axes > _MOST_ENTITY_BEARINGS or n_axes != n_thing_axes:
        return columns
    cells = product(range(n_agents), range(n_things), range(n_axes))
    return columns + [
        Column(kind=Kind.ENTITY_BEARING, agent=agent, partner=thing, component=axis) for agent, thing, axis in cells
    ]


_FIELDS = frozenset({ACTIONS, ACTION_MASKS, MESSAGES, POSITIONS, ENTITY_POSITIONS})


def fields_of(columns: Sequence[Column]) -> frozenset[str]:
    """Return the names of the fields that columns come from; observations are large, and read only where needed."""
    has_places = any(column.kind in (Kind.PLACE, Kind.THING_BEARING) for column in columns)
    return _FIELDS | {OBSERVATIONS} if has_places else _FIELDS
