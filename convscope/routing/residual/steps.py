"""Rows that a receiver's next policy is told from: two successive steps of one episode."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.residual.reading import Policies
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NextSteps:
    """What receivers knew at a step, and what they do at the next."""

    row: IntArray
    """Rows that have a next row in their episode, shape (K,)."""
    known: FloatArray
    """What does not depend on the senders' dice at the step: a constant, the receiver's probabilities, its own dice,
    and its action before, shape (K, N, P)."""
    outcome: FloatArray
    """The receiver's probabilities at the next step, shape (K, N, M - 1)."""
    is_receiving: BoolArray
    """Whether the receiver acts at both steps, shape (K, N)."""


def next_steps(block: Block, policies: Policies) -> NextSteps:
    """Find the rows of a block that have a next one, and what receivers know and do there."""
    episode = block.episode_of_row
    row = np.flatnonzero(episode[1:] == episode[:-1])
    # The last group of actions follows from the others.
    shares, dice, taken = (values[..., :-1] for values in (policies.probabilities, policies.dice, policies.taken))
    has_before = np.append(False, episode[1:] == episode[:-1])
    before = np.where(has_before[:, None, None], np.roll(taken, 1, axis=0), 0.0)
    constant = np.ones((len(row), shares.shape[1], 1))
    return NextSteps(
        row=row,
        known=np.concatenate([constant, shares[row], dice[row], before[row]], axis=-1),
        outcome=shares[row + 1],
        is_receiving=policies.is_known[row] & policies.is_known[row + 1],
    )
