"""Where an agent is among the others."""

from dataclasses import dataclass

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.features.family import holds, lacks_field
from convscope.features.sides import side_numbers
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.fields import ENTITY_POSITIONS, POSITIONS
from convscope.values.header import LogHeader
from convscope.values.status import Status


@dataclass(frozen=True, slots=True)
class _Relation:
    name: str
    high: str
    low: str


_ALLIES = (
    _Relation("distance to nearest ally", "far from its nearest ally", "close to its nearest ally"),
    _Relation("distance to the other allies' centre", "far from its team's centre", "near its team's centre"),
    _Relation("lead over the team", "ahead of its team", "behind its team"),
)
_OPPONENTS = (
    _Relation("distance to nearest opponent", "far from its nearest opponent", "close to its nearest opponent"),
)
_THINGS = (_Relation("distance to nearest other thing", "far from other things", "close to other things"),)


class Relations:
    """Mean distances to the nearest ally, to the centre of the other allies, to the nearest opponent and thing.

    Agents of the same team are allies, of another team opponents; other things are the entities that are no agents.
    The lead is how far an agent is ahead of its other allies' centre, along the way in which the team moves. Only
    agents that are present count as others: not the dead, not the absent.
    """

    name = "relations"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the positions of agents and things."""
        return frozenset({POSITIONS, ENTITY_POSITIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no positions, or nobody and nothing else."""
        is_alone = not (_has_allies(header) or _has_opponents(header) or _has_things(header))
        return lacks_field(header, POSITIONS) or ("an agent has nothing to relate to" if is_alone else None)

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the relations that the log affords."""
        relations = (
            *(_ALLIES if _has_allies(header) else ()),
            *(_OPPONENTS if _has_opponents(header) else ()),
            *(_THINGS if _has_things(header) else ()),
        )
        return tuple(Feature(name=r.name, unit="length", family=self.name, high=r.high, low=r.low) for r in relations)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Average each relation over the unit's decisions."""
        n_features = len(self.features(header))
        values = np.full((len(decisions.row), n_features), np.nan)
        side = side_numbers(header)
        present = _present_positions(decisions)
        headings = [_heading(present[:, side == number], decisions) for number in range(int(side.max()) + 1)]
        # One agent after the other: all pairs of a large team at once would not fit into memory.
        for agent in range(len(side)):
            mine = decisions.agent == agent
            is_ally = (side == side[agent]) & (np.arange(len(side)) != agent)
            place = _place(decisions, agent, present)
            values[mine] = np.column_stack(_relations_of(header, place, is_ally=is_ally, heading=headings[side[agent]]))
        return np.column_stack([decisions.mean(column) for column in values.T])


RELATIONS = Relations()


@dataclass(frozen=True, slots=True)
class _Place:
    """An agent's rows: where it is, and where everybody else is."""

    agent: int
    rows: IntArray
    positions: FloatArray
    """Of all agents that are in play, shape (rows, N, d)."""
    distance: FloatArray
    """To each agent, shape (rows, N)."""
    things: FloatArray | None
    """Distance to each thing, shape (rows, M)."""


def _place(decisions: Decisions, agent: int, present: FloatArray) -> _Place:
    rows = decisions.row[decisions.agent == agent]
    positions = present[rows]
    own = positions[:, agent][:, np.newaxis]
    things = decisions.block.columns.get(ENTITY_POSITIONS)
    return _Place(
        agent=agent,
        rows=rows,
        positions=positions,
        distance=_norm(positions - own),
        things=None if things is None or things.shape[-1] != own.shape[-1] else _norm(things[rows] - own),
    )


def _relations_of(header: LogHeader, place: _Place, *, is_ally: BoolArray, heading: FloatArray) -> list[FloatArray]:
    columns: list[FloatArray] = []
    if _has_allies(header):
        allies = place.positions[:, is_ally]
        offset = place.positions[:, place.agent] - _mean_present(allies)
        columns = [
            _nearest(place.distance[:, is_ally]),
            _norm(offset),
            (offset * heading[place.rows]).sum(axis=1),
        ]
    if _has_opponents(header):
        is_opponent = ~is_ally & (np.arange(len(is_ally)) != place.agent)
        columns.append(_nearest(place.distance[:, is_opponent]))
    if _has_things(header) and place.things is not None:
        columns.append(_nearest(place.things))
    return columns


def _present_positions(decisions: Decisions) -> FloatArray:
    """Positions of agents that are in play, NaN for the others, shape (T, N, d)."""
    status = decisions.block.status
    is_present = (status == Status.ACTING) | (status == Status.WAITING)
    return np.where(is_present[:, :, np.newaxis], decisions.block.columns[POSITIONS], np.nan)


def _heading(positions: FloatArray, decisions: Decisions) -> FloatArray:
    """Direction in which a team (T, n, d) moved into each row, of length 1, NaN where it did not, shape (T, d)."""
    moves = np.full_like(positions, np.nan)
    moves[1:] = positions[1:] - positions[:-1]
    moves[decisions.block.offsets[:-1]] = np.nan
    mean = _mean_present(moves)
    return ratio(mean, np.broadcast_to(_norm(mean)[:, np.newaxis], mean.shape))


def _norm(vectors: FloatArray) -> FloatArray:
    """Length of the vectors along the last axis."""
    lengths: FloatArray = np.sqrt((vectors**2).sum(axis=-1))
    return lengths


def _nearest(distance: FloatArray) -> FloatArray:
    nearest = np.min(np.where(np.isfinite(distance), distance, np.inf), axis=1, initial=np.inf)
    return np.where(np.isfinite(nearest), nearest, np.nan)


def _mean_present(positions: FloatArray) -> FloatArray:
    """Mean over the agents that are there, shape (rows, d)."""
    is_there = np.isfinite(positions)
    return ratio(np.where(is_there, positions, 0.0).sum(axis=1), is_there.sum(axis=1).astype(np.float64))


def _has_allies(header: LogHeader) -> bool:
    return int(np.bincount(side_numbers(header)).max()) > 1


def _has_opponents(header: LogHeader) -> bool:
    return int(side_numbers(header).max()) > 0


def _has_things(header: LogHeader) -> bool:
    if not holds(header, ENTITY_POSITIONS) or not holds(header, POSITIONS):
        return False
    return header.field(ENTITY_POSITIONS).shape[-1] == header.field(POSITIONS).shape[-1]
