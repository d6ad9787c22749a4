"""Positions as numbered places of an episode."""

import numpy as np

from convscope.features.decisions import Decisions
from convscope.features.numbering import row_numbers
from convscope.values.arrays import BoolArray, FloatArray, IntArray, extents

N_CELLS = 10
"""Cells along each axis of an episode's extent, for positions that are no whole numbers."""
MAX_WHOLE = 2.0**53
"""Beyond, every float is a whole number."""


def cells(positions: FloatArray, decisions: Decisions) -> IntArray:
    """Return the number of the cell in which each decision is taken, shape (D,); cells of episodes are kept apart.

    In an episode of whole-numbered positions a cell is a position; else the extent of all agents' positions in the
    episode is cut into ten parts along each axis. Home ranges have long been mapped by such cells (Siniff and Tester,
    "Computer analysis of animal-movement data obtained by telemetry", 1965).

    Parameters
    ----------
    positions
        At the decisions, shape (D, d); where one is not finite, so is not the cell's meaning.
    decisions
        Of a block.
    """
    episode = decisions.unit // decisions.n_agents
    known = np.nan_to_num(positions, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = known_extent(positions, episode, len(decisions.block.episodes))
    width = np.where(high > low, high - low, 1.0)[episode]
    parts = np.clip((known - low[episode]) / width * N_CELLS, 0, N_CELLS - 1)
    is_whole = _is_grid(known, episode, len(decisions.block.episodes))[episode]
    along = np.floor(np.where(is_whole[:, np.newaxis], np.clip(known, -MAX_WHOLE, MAX_WHOLE), parts)).astype(np.int64)
    return row_numbers(np.column_stack([episode, along]))


def known_extent(positions: FloatArray, group: IntArray, n_groups: int) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest position of each group along each axis, 0 where it has none, shape (groups, d)."""
    low, high = extents(positions, group, n_groups)
    return np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)


def visits(unit: IntArray, cell: IntArray, decisions: Decisions) -> tuple[FloatArray, FloatArray]:
    """Count the cells of each unit, and those of them that are no other unit's, both of shape (units,).

    Parameters
    ----------
    unit, cell
        Of each visit, shape (n,).
    decisions
        Of a block.
    """
    n_cells = int(cell.max(initial=0)) + 1
    pairs = np.unique(unit * n_cells + cell)
    visitor, place = pairs // n_cells, pairs % n_cells
    is_alone = np.bincount(place, minlength=n_cells)[place] == 1
    visited = np.bincount(visitor, minlength=decisions.n_units).astype(np.float64)
    return visited, np.bincount(visitor[is_alone], minlength=decisions.n_units).astype(np.float64)


def _is_grid(known: FloatArray, episode: IntArray, n_episodes: int) -> BoolArray:
    """Whether all positions of an episode are whole numbers, shape (episodes,)."""
    is_broken = (known != np.round(known)).any(axis=1).astype(np.float64)
    return np.equal(np.bincount(episode, weights=is_broken, minlength=n_episodes), 0)
