"""What happens to an agent, as the values that only this log knows tell it: what it picks up, loses and serves."""

import numpy as np

from convscope.features.cells import cells, visits
from convscope.features.changes import categorical, has_event, next_values, numeric, short_name
from convscope.features.decisions import Decisions, ratio
from convscope.features.family import holds
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.fields import POSITIONS, TEAM_REWARDS, FieldSpec
from convscope.values.header import LogHeader

RATE = "events per step"
RISES, FALLS = "rises of ", "falls of "


class Events:
    """Changes of named values and of bare numbers, where they happen, and which of them the team is rewarded for.

    An event is a change of a value from a decision to the unit's next one, or to the closing row; it belongs to the
    decision before it. Of a field with named values: how often it comes to each value; all its events over those of
    all agents of the episode. Of a bare number: how often it rises and falls, whatever the number is, so that a label
    gives 0. With positions: distinct cells (as in the family of occupancy) over events with a known place, and the
    share of events in cells where no other agent has one. With a reward for the team: its size, without its sign, at
    the agent's events over that of the whole episode.

    References
    ----------
    Altmann, "Observational study of behavior: sampling methods" (1974), of events and their rates. Carroll et al., "On
    the utility of learning about humans for human-AI coordination" (2019), of cooking by what is picked up and where.
    """

    name = "events"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the values, and what tells where and for what reward they change."""
        of_log = {spec.name for spec in (*categorical(header), *numeric(header))}
        return frozenset(of_log | {name for name in (POSITIONS, TEAM_REWARDS) if holds(header, name)})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no values of a log's own."""
        has_values = categorical(header) or numeric(header)
        return None if has_values else "the log holds no values of its own for agents, such as what each one holds"

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the events of each field, then what holds of all named values together."""
        rows: list[tuple[str, str, str, str]] = []
        for spec in categorical(header):
            for value in spec.values:
                thing = f"{short_name(spec)} {value}"
                rows.append((f"changes to {thing}", RATE, f"often comes to {thing}", f"seldom comes to {thing}"))
        for spec in numeric(header):
            thing = short_name(spec)
            rows.append((RISES + thing, RATE, f"often gains {thing}", f"seldom gains {thing}"))
            rows.append((FALLS + thing, RATE, f"often loses {thing}", f"seldom loses {thing}"))
        rows += _of_all(header)
        return tuple(Feature(name=n, unit=u, family=self.name, high=high, low=low) for n, u, high, low in rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Compare each value with the one after."""
        columns = [column for spec in categorical(header) for column in _changes(spec, decisions)]
        columns += [column for spec in numeric(header) for column in _moves(spec, decisions)]
        if categorical(header):
            flags, is_known = has_event(header, decisions)
            columns.append(_share_of_all(flags, is_known, decisions))
            columns += _places(flags, decisions) if holds(header, POSITIONS) else []
            columns += [_rewarded(flags, is_known, decisions)] if holds(header, TEAM_REWARDS) else []
        return np.column_stack(columns)


EVENTS = Events()


def _of_all(header: LogHeader) -> list[tuple[str, str, str, str]]:
    if not categorical(header):
        return []
    rows = [("share of all events", "0 to 1", "does most of what happens", "does little of what happens")]
    if holds(header, POSITIONS):
        rows.append(("places per event", "cells per event", "acts in many places", "acts in few places"))
        rows.append(
            ("events at places of its own", "share of events", "acts where no other does", "acts where others do")
        )
    if holds(header, TEAM_REWARDS):
        rows.append(
            (
                "share of team reward at its events",
                "0 to 1",
                "the team is rewarded when it acts",
                "the team is rewarded without it",
            )
        )
    return rows


def _changes(spec: FieldSpec, decisions: Decisions) -> list[FloatArray]:
    values, after = decisions.vectors(spec.name)[:, 0], next_values(spec.name, decisions)
    is_known = np.isfinite(values) & np.isfinite(after)
    return [decisions.share((after == code) & (values != code), is_known) for code in range(len(spec.values))]


def _moves(spec: FieldSpec, decisions: Decisions) -> list[FloatArray]:
    change = next_values(spec.name, decisions) - decisions.vectors(spec.name)[:, 0]
    return [decisions.share(change > 0, np.isfinite(change)), decisions.share(change < 0, np.isfinite(change))]


def _share_of_all(flags: BoolArray, is_known: BoolArray, decisions: Decisions) -> FloatArray:
    own = np.where(decisions.total(is_known.astype(np.float64)) > 0, decisions.total(flags.astype(np.float64)), np.nan)
    per_episode: FloatArray = np.nansum(own.reshape(-1, decisions.n_agents), axis=1)
    return ratio(own, np.repeat(per_episode, decisions.n_agents))


def _places(flags: BoolArray, decisions: Decisions) -> list[FloatArray]:
    positions = decisions.vectors(POSITIONS)
    is_placed = flags & np.isfinite(positions).all(axis=1)
    cell = cells(positions, decisions)[is_placed]
    unit = decisions.unit[is_placed]
    visited, _ = visits(unit, cell, decisions)
    n_events = decisions.total(is_placed.astype(np.float64))
    return [ratio(visited, n_events), ratio(_alone(unit, cell, decisions), n_events)]


def _alone(unit: IntArray, cell: IntArray, decisions: Decisions) -> FloatArray:
    """Count the events of each unit in cells without another unit's event, shape (units,)."""
    low, high = (np.full(int(cell.max(initial=0)) + 1, edge) for edge in (decisions.n_units, -1))
    np.minimum.at(low, cell, unit)
    np.maximum.at(high, cell, unit)
    return np.bincount(unit[low[cell] == high[cell]], minlength=decisions.n_units).astype(np.float64)


def _rewarded(flags: BoolArray, is_known: BoolArray, decisions: Decisions) -> FloatArray:
    block = decisions.block
    size = np.abs(block.columns[TEAM_REWARDS].reshape(block.n_rows))
    size = np.where(np.isfinite(size), size, 0.0)
    whole = np.bincount(block.episode_of_row, weights=size, minlength=len(block.episodes)).astype(np.float64)
    own = decisions.total(np.where(flags, size[decisions.row], 0.0))
    own = np.where(decisions.total(is_known.astype(np.float64)) > 0, own, np.nan)
    return ratio(own, np.repeat(whole, decisions.n_agents))
