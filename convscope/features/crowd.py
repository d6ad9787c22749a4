"""Where all agents are at each step, and sums over them that do not depend on their order."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import POSITIONS
from convscope.values.status import Status

CONTACT = 0.25
"""Of the spread of all positions in an episode."""


def present_positions(decisions: Decisions) -> FloatArray:
    """Positions of agents that are in play, NaN for the others, shape (T, N, d)."""
    status = decisions.block.status
    is_present = (status == Status.ACTING) | (status == Status.WAITING)
    positions = decisions.block.columns[POSITIONS]
    return np.where(is_present[:, :, np.newaxis] & np.isfinite(positions), positions, np.nan)


def moves_into(positions: FloatArray, decisions: Decisions) -> FloatArray:
    """Change of positions (T, n, d) since the row before, NaN in the first row of an episode."""
    moves = np.full_like(positions, np.nan)
    moves[1:] = positions[1:] - positions[:-1]
    moves[decisions.block.offsets[:-1]] = np.nan
    return moves


def norm(vectors: FloatArray) -> FloatArray:
    """Length of the vectors along the last axis."""
    lengths: FloatArray = np.sqrt((vectors**2).sum(axis=-1))
    return lengths


def total_present(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum and number of the known values along the second axis, that of agents, whatever their order."""
    is_known = np.isfinite(values)
    # Sorted, because the last digits of a sum depend on the order of what is added.
    return np.sort(np.where(is_known, values, 0.0), axis=1).sum(axis=1), is_known.sum(axis=1).astype(np.float64)


def reach(positions: FloatArray, decisions: Decisions) -> FloatArray:
    """Distance up to which agents are in contact, for each row, shape (T,).

    In an episode of whole-numbered positions that of a neighbouring cell, corners included; else a quarter of the root
    mean square distance of all agents' positions (T, N, d) from their mean in the episode, because a log says nothing
    of sizes.
    """
    episode, n_episodes = decisions.block.episode_of_row, len(decisions.block.episodes)
    known = np.nan_to_num(positions)
    is_broken = (known != np.round(known)).any(axis=(1, 2)).astype(np.float64)
    is_grid = np.bincount(episode, weights=is_broken, minlength=n_episodes) == 0
    squares = np.zeros(n_episodes)
    for axis in range(positions.shape[2]):
        mean = _episode_mean(positions[:, :, axis], episode, n_episodes)
        squares = squares + _episode_mean((positions[:, :, axis] - mean[episode, np.newaxis]) ** 2, episode, n_episodes)
    # A hair more than the corner's distance: the root is rounded.
    return np.where(is_grid, np.sqrt(positions.shape[2]) * (1 + 1e-9), np.sqrt(squares) * CONTACT)[episode]


def _episode_mean(values: FloatArray, episode: IntArray, n_episodes: int) -> FloatArray:
    sums = [
        np.bincount(episode, weights=part, minlength=n_episodes).astype(np.float64) for part in total_present(values)
    ]
    return ratio(sums[0], sums[1])
