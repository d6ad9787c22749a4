"""Which places an agent visits, and which it has for itself."""

import numpy as np

from convscope.features.cells import cells, known_extent, visits
from convscope.features.decisions import Decisions, ratio
from convscope.features.family import features_of, lacks_field
from convscope.values.arrays import BoolArray, FloatArray, first_of_each
from convscope.values.features import Feature
from convscope.values.fields import POSITIONS
from convscope.values.header import LogHeader


class Occupancy:
    """Cells visited, the share of them that no other agent visited, area covered, distance from the start.

    On whole-numbered positions a cell is a position; else the extent of all agents' positions in the episode is cut
    into ten parts along each axis. Cells are counted per decision, so that a long episode is like a short one. The
    area is that of the unit's bounding box over that of all agents' positions; the distance is the mean one.

    References
    ----------
    Burt, "Territoriality and home range concepts as applied to mammals" (1943), of home ranges and of the exclusive
    part; Siniff and Tester, "Computer analysis of animal-movement data obtained by telemetry" (1965), of counting
    cells; Mohr, "Table of equivalent populations of North American small mammals" (1947), of ranges by their outline.
    """

    name = "occupancy"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the positions."""
        return frozenset({POSITIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no positions."""
        return lacks_field(header, POSITIONS)

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("cells visited per step", "cells per step", "visits many places", "visits few places"),
            ("exclusive territory", "share of cells", "has its places for itself", "shares its places with others"),
            ("area covered", "share of extent", "covers a large area", "covers a small area"),
            ("distance from start", "length", "far from its start", "near its start"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Count cells per unit and per episode."""
        positions = decisions.vectors(POSITIONS)
        is_known: BoolArray = np.asarray(np.isfinite(positions).all(axis=1))
        n_known = decisions.total(is_known.astype(np.float64))
        cell = cells(positions, decisions)
        visited, exclusive = visits(decisions.unit[is_known], cell[is_known], decisions)
        distance = np.sqrt(((positions - _first(positions, is_known, decisions)) ** 2).sum(axis=1))
        area = _area(positions, decisions)
        return np.column_stack([ratio(visited, n_known), ratio(exclusive, visited), area, decisions.mean(distance)])


OCCUPANCY = Occupancy()


def _area(positions: FloatArray, decisions: Decisions) -> FloatArray:
    """Share of the episode's bounding box that the unit's bounding box fills, shape (units,)."""
    low, high = known_extent(positions, decisions.unit, decisions.n_units)
    all_low, all_high = known_extent(positions, decisions.unit // decisions.n_agents, len(decisions.block.episodes))
    whole = np.repeat(np.prod(all_high - all_low, axis=1), decisions.n_agents)
    is_there = decisions.total(np.isfinite(positions[:, 0]).astype(np.float64)) > 0
    return np.where(is_there, ratio(np.prod(high - low, axis=1), whole), np.nan)


def _first(positions: FloatArray, is_known: BoolArray, decisions: Decisions) -> FloatArray:
    """Position of each unit's first decision with a known one, shape (D, d)."""
    return first_of_each(decisions.unit[is_known], positions[is_known], decisions.n_units)[decisions.unit]
