"""Episodes in which the senders that can be attended to change all the time: only some of their timesteps are kept."""

from dataclasses import replace

import numpy as np

from convscope.routing.weights.shares import Shares
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.log import Block

MOST_ROWS = 1 << 18
"""Sums that are kept of all episodes together where senders change; some hundred megabytes for a dozen agents."""


def most_rows(n_episodes: int) -> int:
    """Return how many sums one episode may need, of a log with so many."""
    return max(MOST_ROWS // max(n_episodes, 1), 16)


def thinned(shares: Shares, block: Block, *, lacks_slots: BoolArray, most: int) -> Shares:
    """Leave out timesteps of episodes that would need too many sums, one for each receiver and set of senders.

    Parameters
    ----------
    shares
        Of the block.
    block
        Whole episodes: which steps are left out hangs on the episode alone, and is the same wherever the log is cut.
    lacks_slots
        Timesteps in which somebody has no slot for somebody, shape (T,); only episodes with such steps are looked at,
        since the dead leave for good.
    most
        Sums that an episode may need.

    Returns
    -------
    Shares
        With every k-th timestep of such an episode, k as small as is sure to be enough.
    """
    n_episodes = len(block.episodes)
    changes = np.bincount(block.episode_of_row[lacks_slots], minlength=n_episodes) > 0
    n_rows = np.bincount(block.episode_of_row, shares.is_kept.sum(axis=1), n_episodes)
    too_many = changes & (n_rows > most)
    if not too_many.any():
        return shares
    is_over = too_many & (_sets(shares, block, too_many) > most)
    every = np.where(is_over, np.ceil(n_rows / most), 1).astype(np.int64)
    is_left = block.time_of_row % every[block.episode_of_row] == 0
    is_kept = shares.is_kept & is_left[:, None]
    return replace(shares, is_kept=is_kept, n_thinned=int(shares.is_kept.sum() - is_kept.sum()))


def _sets(shares: Shares, block: Block, is_asked: BoolArray) -> IntArray:
    """Return how many sums some episodes need, shape (B,); 0 for the others."""
    row, receiver = np.nonzero(shares.is_kept & is_asked[block.episode_of_row][:, None])
    key = np.column_stack([block.episode_of_row[row], receiver, np.packbits(shares.valid[row, receiver], axis=1)])
    return np.bincount(np.unique(key, axis=0)[:, 0], minlength=len(block.episodes))
