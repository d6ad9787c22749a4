"""Which places an agent visits, and which it has for itself."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.features.family import features_of, lacks_field
from convscope.values.arrays import BoolArray, FloatArray, IntArray, extents, first_of_each
from convscope.values.features import Feature
from convscope.values.fields import POSITIONS
from convscope.values.header import LogHeader

N_CELLS = 10
"""Cells along each axis of an episode's extent, for positions that are no whole numbers."""


class Occupancy:
    """Cells visited, the share of them that no other agent visited, area covered, distance from the start.

    On whole-numbered positions a cell is a position; else the extent of all agents' positions in the episode is cut
    into ten parts along each axis. Cells are counted per decision, so that a long episode is like a short one.
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
        visited, exclusive = _territory(positions, is_known, decisions)
        distance = np.sqrt(((positions - _first(positions, is_known, decisions)) ** 2).sum(axis=1))
        area = _area(positions, decisions)
        return np.column_stack([ratio(visited, n_known), ratio(exclusive, visited), area, decisions.mean(distance)])


OCCUPANCY = Occupancy()


def _territory(positions: FloatArray, is_known: BoolArray, decisions: Decisions) -> tuple[FloatArray, FloatArray]:
    """Cells that each unit visited, and those of them that it alone visited, both of shape (units,)."""
    unit = decisions.unit[is_known]
    cells = _cells(positions, decisions)[is_known]
    keys = np.column_stack([unit // decisions.n_agents, cells])
    _, place = np.unique(keys, axis=0, return_inverse=True)
    pairs = np.unique(np.column_stack([unit, place.reshape(-1)]), axis=0)
    n_visitors = np.bincount(pairs[:, 1])[pairs[:, 1]] if len(pairs) else np.zeros(0, dtype=np.int64)
    visited = np.bincount(pairs[:, 0], minlength=decisions.n_units).astype(np.float64)
    exclusive = np.bincount(pairs[n_visitors == 1, 0], minlength=decisions.n_units).astype(np.float64)
    return visited, exclusive


def _cells(positions: FloatArray, decisions: Decisions) -> IntArray:
    known = np.nan_to_num(positions, nan=0.0, posinf=0.0, neginf=0.0)
    if (known == np.round(known)).all():
        return known.astype(np.int64)
    low, high = _extent(positions, decisions.unit // decisions.n_agents, len(decisions.block.episodes))
    episode = decisions.unit // decisions.n_agents
    width = np.where(high > low, high - low, 1.0)[episode]
    return np.clip((known - low[episode]) / width * N_CELLS, 0, N_CELLS - 1).astype(np.int64)


def _extent(positions: FloatArray, group: IntArray, n_groups: int) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest position of each group along each axis, 0 where it has none, shape (groups, d)."""
    low, high = extents(positions, group, n_groups)
    return np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)


def _area(positions: FloatArray, decisions: Decisions) -> FloatArray:
    """Share of the episode's bounding box that the unit's bounding box fills, shape (units,)."""
    low, high = _extent(positions, decisions.unit, decisions.n_units)
    all_low, all_high = _extent(positions, decisions.unit // decisions.n_agents, len(decisions.block.episodes))
    whole = np.repeat(np.prod(all_high - all_low, axis=1), decisions.n_agents)
    is_there = decisions.total(np.isfinite(positions[:, 0]).astype(np.float64)) > 0
    return np.where(is_there, ratio(np.prod(high - low, axis=1), whole), np.nan)


def _first(positions: FloatArray, is_known: BoolArray, decisions: Decisions) -> FloatArray:
    """Position of each unit's first decision with a known one, shape (D, d)."""
    return first_of_each(decisions.unit[is_known], positions[is_known], decisions.n_units)[decisions.unit]
