"""The fold that sums shares over the timesteps of each episode, receiver and set of valid senders."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from convscope.routing.digests import episode_digests
from convscope.routing.weights.shares import Shares, routing_shares
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import RowSum
from convscope.values.log import Block

Strength = Callable[[FloatArray, BoolArray], FloatArray]
"""From a field's values and who acts to one weight per receiver and sender."""
QUANTUM = 2.0**32
"""Shares that are only averaged are added as whole multiples of 1 / QUANTUM: such sums are the same in any order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TallyRows:
    """Sums over timesteps; one row per episode, receiver and set of valid senders, in log order."""

    episode: IntArray
    """Row of the log's episode table, shape (K,)."""
    receiver: IntArray
    """Index among the analysed agents, shape (K,)."""
    valid: BoolArray
    """Shape (K, N)."""
    mass: FloatArray
    """Summed shares, shape (K, N)."""
    n_steps: FloatArray
    """Timesteps, or the sum of their rows where rows keep their sums, shape (K,)."""
    digest: IntArray
    """Of the row's episode, by its content, shape (K,)."""
    counted: IntArray
    """Rows kept, and those left out: without a choice, unreadable, negative, all zero; shape (5,)."""
    own: IntArray
    """Rows in which the receiver's weight for itself is known, and the sum of its shares in units of 1 / `QUANTUM`;
    shape (2,)."""

    def joined(self, other: "TallyRows") -> "TallyRows":
        """Return these rows and then the other ones."""
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        sums = {name: np.sum(pairs.pop(name), axis=0) for name in _OF_ALL}
        return TallyRows(**{name: np.concatenate(pair) for name, pair in pairs.items()}, **sums)

    def taken(self, keep: BoolArray) -> "TallyRows":
        """Return some of the rows; what was counted over all stays as it was."""
        kept = {field.name: getattr(self, field.name)[keep] for field in fields(self) if field.name not in _OF_ALL}
        return TallyRows(**kept, counted=self.counted, own=self.own)


_OF_ALL = ("counted", "own")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TallyFold:
    """Sums the shares of one field; see `convscope.engine.fold.Fold`."""

    field: str
    """Name of a field with a receiver and a sender axis."""
    agents: IntArray
    """Analysed agents, as places in the log's agent axis; the others are no valid senders."""
    strength: Strength
    row_sum: RowSum = RowSum.RENORMALISE

    @property
    def fields(self) -> frozenset[str]:
        """The one field."""
        return frozenset({self.field})

    def start(self) -> TallyRows:
        """Return no rows."""
        n_agents = len(self.agents)
        return TallyRows(
            episode=np.zeros(0, dtype=np.int64),
            receiver=np.zeros(0, dtype=np.int64),
            valid=np.zeros((0, n_agents), dtype=np.bool_),
            mass=np.zeros((0, n_agents)),
            n_steps=np.zeros(0),
            digest=np.zeros(0, dtype=np.int64),
            counted=np.zeros(5, dtype=np.int64),
            own=np.zeros(2, dtype=np.int64),
        )

    def add(self, state: TallyRows, block: Block) -> TallyRows:
        """Add the rows of a block; a file without the field adds none."""
        if self.field not in block.columns:
            return state
        is_acting = block.is_acting[:, self.agents]
        values = block.columns[self.field][..., self.agents[:, None], self.agents]
        shares = routing_shares(self.strength(values, is_acting), is_acting, row_sum=self.row_sum)
        return state.joined(_tally(shares, block))

    def merge(self, first: TallyRows, second: TallyRows) -> TallyRows:
        """Return the rows of both."""
        return first.joined(second)

    def finish(self, state: TallyRows) -> TallyRows:
        """Return the rows."""
        return state


def _tally(shares: Shares, block: Block) -> TallyRows:
    episode = block.episode_of_row
    digests = episode_digests(block, [shares.share, shares.valid])
    receiver, row = np.nonzero(shares.is_kept.T)
    valid, share = shares.valid[row, receiver], shares.share[row, receiver]
    starts = _stretches(receiver, episode[row], valid)
    key: IntArray = np.column_stack([episode[row][starts], receiver[starts], valid[starts].astype(np.int64)])
    distinct, place = np.unique(key, axis=0, return_inverse=True)
    mass = np.zeros((len(distinct), valid.shape[1]))
    n_steps = np.zeros(len(distinct))
    if len(starts) > 0:
        # Timesteps are added in their order within the episode: cutting the log elsewhere changes no digit.
        np.add.at(mass, place.ravel(), np.add.reduceat(share, starts, axis=0))
        np.add.at(n_steps, place.ravel(), np.add.reduceat(shares.row_sum[row, receiver], starts))
    return TallyRows(
        episode=block.episodes[distinct[:, 0]],
        receiver=distinct[:, 1],
        valid=distinct[:, 2:].astype(np.bool_),
        mass=mass,
        n_steps=n_steps,
        digest=digests[distinct[:, 0]],
        counted=np.array(
            [len(row), shares.n_without_choice, shares.n_unreadable, shares.n_negative, shares.n_zero], dtype=np.int64
        ),
        own=_own_sums(shares.own),
    )


def _own_sums(own: FloatArray) -> IntArray:
    known = own[np.isfinite(own)]
    return np.array([len(known), np.round(known * QUANTUM).astype(np.int64).sum()], dtype=np.int64)


def _stretches(receiver: IntArray, episode: IntArray, valid: BoolArray) -> IntArray:
    """Return where a stretch of rows with the same receiver, episode and valid senders begins."""
    if len(receiver) == 0:
        return np.zeros(0, dtype=np.int64)
    changes = (np.diff(receiver) != 0) | (np.diff(episode) != 0) | (valid[1:] != valid[:-1]).any(axis=1)
    return np.concatenate([[0], np.flatnonzero(changes) + 1])
