"""Where an agent is among the others."""

from dataclasses import dataclass

import numpy as np

from convscope.features.crowd import moves_into, norm, present_positions, reach, total_present
from convscope.features.decisions import Decisions, ratio
from convscope.features.family import holds, lacks_field
from convscope.features.sides import side_numbers
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.fields import ENTITY_POSITIONS, POSITIONS
from convscope.values.header import LogHeader


@dataclass(frozen=True, slots=True)
class _Relation:
    name: str
    high: str
    low: str
    unit: str = "length"


_ALLIES = (
    _Relation("distance to nearest ally", "far from its nearest ally", "close to its nearest ally"),
    _Relation("distance to the other allies' centre", "far from its team's centre", "near its team's centre"),
    _Relation("lead over the team", "ahead of its team", "behind its team"),
    _Relation("time in contact with an ally", "often beside an ally", "seldom beside an ally", "share of steps"),
)
_OPPONENTS = (
    _Relation("distance to nearest opponent", "far from its nearest opponent", "close to its nearest opponent"),
    _Relation(
        "time in contact with an opponent", "often beside an opponent", "seldom beside an opponent", "share of steps"
    ),
)
_THINGS = (
    _Relation("distance to nearest other thing", "far from other things", "close to other things"),
    _Relation(
        "time in contact with a thing", "often beside other things", "seldom beside other things", "share of steps"
    ),
)


class Relations:
    """Mean distances to the nearest ally, to the centre of the other allies, to the nearest opponent and thing.

    Agents of the same team are allies, of another team opponents; other things are the entities that are no agents.
    The lead is how far an agent is ahead of its other allies' centre, along the way in which the team moves. Time in
    contact is the share of steps in which the nearest one is no further than a neighbouring cell or, where positions
    are no whole numbers, than a quarter of their spread (root mean square) in the episode. Only agents that are present
    count as others: not the dead, not the absent.

    References
    ----------
    Clark and Evans, "Distance to nearest neighbor as a measure of spatial relationships in populations" (1954); Couzin
    et al., "Effective leadership and decision-making in animal groups on the move" (2005), of positions along the
    group's way; Whitehead and Dufault, "Techniques for analyzing vertebrate social structure using identified
    individuals" (1999), of association as share of time.
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
        return tuple(Feature(name=r.name, unit=r.unit, family=self.name, high=r.high, low=r.low) for r in relations)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Average each relation over the unit's decisions."""
        n_features = len(self.features(header))
        values = np.full((len(decisions.row), n_features), np.nan)
        side = side_numbers(header)
        present = present_positions(decisions)
        within = reach(present, decisions)
        teams = [_team_of(present[:, side == number], decisions) for number in range(int(side.max()) + 1)]
        # One agent after the other: all pairs of a large team at once would not fit into memory.
        for agent in range(len(side)):
            mine = decisions.agent == agent
            is_ally = (side == side[agent]) & (np.arange(len(side)) != agent)
            place = _place(decisions, agent, present, within=within)
            values[mine] = np.column_stack(_relations_of(header, place, is_ally=is_ally, team=teams[side[agent]]))
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
    reach: FloatArray
    """Distance up to which there is contact, shape (rows,)."""


@dataclass(frozen=True, slots=True)
class _Team:
    """What all members of a team share in each row, each of shape (T, d)."""

    total: FloatArray
    """Sum of the positions of those in play."""
    n_present: FloatArray
    heading: FloatArray
    """Direction in which the team moved into the row, of length 1, NaN where it did not."""


def _place(decisions: Decisions, agent: int, present: FloatArray, *, within: FloatArray) -> _Place:
    rows = decisions.row[decisions.agent == agent]
    positions = present[rows]
    own = positions[:, agent][:, np.newaxis]
    things = decisions.block.columns.get(ENTITY_POSITIONS)
    return _Place(
        agent=agent,
        rows=rows,
        positions=positions,
        distance=norm(positions - own),
        things=None if things is None or things.shape[-1] != own.shape[-1] else norm(things[rows] - own),
        reach=within[rows],
    )


def _relations_of(header: LogHeader, place: _Place, *, is_ally: BoolArray, team: _Team) -> list[FloatArray]:
    columns: list[FloatArray] = []
    if _has_allies(header):
        nearest = _nearest(place.distance[:, is_ally])
        own = place.positions[:, place.agent]
        offset = own - ratio(team.total[place.rows] - own, team.n_present[place.rows] - 1)
        lead = (offset * team.heading[place.rows]).sum(axis=1)
        columns = [nearest, norm(offset), lead, _contact(nearest, place)]
    if _has_opponents(header):
        is_opponent = ~is_ally & (np.arange(len(is_ally)) != place.agent)
        nearest = _nearest(place.distance[:, is_opponent])
        columns += [nearest, _contact(nearest, place)]
    if _has_things(header) and place.things is not None:
        nearest = _nearest(place.things)
        columns += [nearest, _contact(nearest, place)]
    return columns


def _contact(nearest: FloatArray, place: _Place) -> FloatArray:
    return np.where(np.isfinite(nearest), nearest <= place.reach, np.nan)


def _team_of(positions: FloatArray, decisions: Decisions) -> _Team:
    """Look at one team's positions (T, n, d)."""
    total, n_present = total_present(positions)
    move = ratio(*total_present(moves_into(positions, decisions)))
    heading = ratio(move, np.broadcast_to(norm(move)[:, np.newaxis], move.shape))
    return _Team(total=total, n_present=n_present, heading=heading)


def _nearest(distance: FloatArray) -> FloatArray:
    nearest = np.min(np.where(np.isfinite(distance), distance, np.inf), axis=1, initial=np.inf)
    return np.where(np.isfinite(nearest), nearest, np.nan)


def _has_allies(header: LogHeader) -> bool:
    return int(np.bincount(side_numbers(header)).max()) > 1


def _has_opponents(header: LogHeader) -> bool:
    return int(side_numbers(header).max()) > 0


def _has_things(header: LogHeader) -> bool:
    if not holds(header, ENTITY_POSITIONS) or not holds(header, POSITIONS):
        return False
    return header.field(ENTITY_POSITIONS).shape[-1] == header.field(POSITIONS).shape[-1]
