"""What the third pass needs to know of the first two, and the rows of a block by run and checkpoint."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.reading import ActionGroups, Policies, policies
from convscope.routing.residual.steps import next_steps
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block

_ROUNDING = 1e-5
"""Probabilities are often logged as 32-bit numbers, and the regression rounds, too: less is no surprise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows of one run and checkpoint that have a next row in their episode."""

    number: int
    """Of the run and checkpoint."""
    episode: IntArray
    """Row of the episode table, shape (K,)."""
    surprise: FloatArray
    """The receivers' next probabilities less what was foreseen, 0 where they do not act, shape (K, N, m)."""
    own: FloatArray
    """The receivers' probabilities at the step, shape (K, N, m)."""
    is_receiving: BoolArray
    """Whether the receiver acts at both steps, shape (K, N)."""
    shares: FloatArray
    """Probabilities that senders draw from, 0 where they do not act, shape (K, N, m + 1)."""
    dice: FloatArray
    """``1[action] - probability`` of senders, 0 where unknown, shape (K, N, m)."""

    @property
    def spread(self) -> FloatArray:
        """Covariance of the dice, shape (K, N, m, m)."""
        return spread_of(self.shares[..., :-1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """How actions are grouped, and what receivers' next probabilities are told from."""

    fields: frozenset[str]
    groups: ActionGroups
    baseline: FloatArray
    """Coefficients of every receiver, by group (run and checkpoint), shape (G, N, P, m)."""
    group_of: IntArray
    """Group of each episode of the log, shape (E,)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Runs and checkpoints, agents, and groups of actions less one."""
        n_groups, n_agents, _, width = self.baseline.shape
        return n_groups, n_agents, width

    def rows(self, block: Block) -> Iterator[Rows]:
        """Return the rows of each run and checkpoint in a block."""
        own = policies(block, self.groups)
        steps = next_steps(block, own)
        episode = block.episodes[block.episode_of_row[steps.row]]
        group = self.group_of[episode]
        for number in np.unique(group).tolist():
            kept = np.flatnonzero(group == number)
            row, is_receiving = steps.row[kept], steps.is_receiving[kept]
            told = np.einsum("knp,npm->knm", steps.known[kept], self.baseline[number])
            surprise = np.where(is_receiving[..., None], steps.outcome[kept] - told, 0.0)
            yield Rows(
                number=number,
                episode=episode[kept],
                surprise=np.where(np.abs(surprise) > _ROUNDING, surprise, 0.0),
                own=own.probabilities[row][..., :-1],
                is_receiving=is_receiving,
                shares=known_shares(own, row),
                dice=known_dice(own, row),
            )


def known_shares(own: Policies, row: IntArray) -> FloatArray:
    """Return the probabilities at some rows, 0 where they are not known, shape (K, N, M)."""
    return np.where(own.is_known[row][..., None], own.probabilities[row], 0.0)


def known_dice(own: Policies, row: IntArray) -> FloatArray:
    """Return the dice at some rows without the last group, which follows from the others, shape (K, N, M - 1)."""
    return np.where(own.is_known[row][..., None], own.dice[row, :, :-1], 0.0)


def spread_of(shares: FloatArray) -> FloatArray:
    """Return the covariance of dice with some probabilities, shape (K, N, m, m) for (K, N, m)."""
    spread: FloatArray = np.eye(shares.shape[-1]) * shares[..., None] - np.einsum("kna,knb->knab", shares, shares)
    return spread
