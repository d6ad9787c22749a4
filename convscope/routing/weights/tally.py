"""The fold that sums shares over the timesteps of each episode, receiver and set of valid senders."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from convscope.behaviour.digests import episode_digests, unordered_content
from convscope.routing.weights.shares import Shares, routing_shares
from convscope.routing.weights.thinning import MOST_ROWS, thinned
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import NO_SLOT, RowSum
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
    """Rows kept, and those left out: without a choice, unreadable, negative, all zero, thinned; shape (6,)."""
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
    most_rows: int = MOST_ROWS
    """Sums that one episode may need where the senders change that can be attended to."""

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
            counted=np.zeros(6, dtype=np.int64),
            own=np.zeros(2, dtype=np.int64),
        )

    def add(self, state: TallyRows, block: Block) -> TallyRows:
        """Add the rows of a block; a file without the field adds none."""
        return state.joined(_tally(self.shares(block), block)) if self.field in block.columns else state

    def shares(self, block: Block) -> Shares:
        """Return the shares of a block that holds the field."""
        is_acting = block.is_acting[:, self.agents]
        values = block.columns[self.field][..., self.agents[:, None], self.agents]
        weights = self.strength(values, is_acting)
        shares = routing_shares(weights, is_acting, row_sum=self.row_sum)
        lacks_slots: BoolArray = np.equal(weights, NO_SLOT).reshape(len(weights), -1).max(axis=1, initial=False)
        return thinned(shares, block, lacks_slots=lacks_slots, most=self.most_rows)

    def merge(self, first: TallyRows, second: TallyRows) -> TallyRows:
        """Return the rows of both."""
        return first.joined(second)

    def finish(self, state: TallyRows) -> TallyRows:
        """Return the rows."""
        return state


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SummedShares:
    """Shares summed over the timesteps of each part of a block, receiver and set of valid senders."""

    part: IntArray
    """Shape (K,)."""
    receiver: IntArray
    """Shape (K,)."""
    valid: BoolArray
    """Shape (K, N)."""
    mass: FloatArray
    """Shape (K, N)."""
    n_steps: FloatArray
    """Shape (K,)."""


def sum_shares(shares: Shares, part_of_row: IntArray) -> SummedShares:
    """Sum shares over the timesteps of each part, in their order: cutting the log elsewhere changes no digit.

    Parameters
    ----------
    shares
        Of a block.
    part_of_row
        Number of the episode, or of the part of it, that each of the block's rows belongs to, shape (T,).
    """
    receiver, row = np.nonzero(shares.is_kept.T)
    valid, share = shares.valid[row, receiver], shares.share[row, receiver]
    starts = _stretches(receiver, part_of_row[row], valid)
    key: IntArray = np.column_stack([part_of_row[row][starts], receiver[starts], valid[starts].astype(np.int64)])
    distinct, place = np.unique(key, axis=0, return_inverse=True)
    mass = np.zeros((len(distinct), valid.shape[1]))
    n_steps = np.zeros(len(distinct))
    if len(starts) > 0:
        np.add.at(mass, place.ravel(), np.add.reduceat(share, starts, axis=0))
        np.add.at(n_steps, place.ravel(), np.add.reduceat(shares.row_sum[row, receiver], starts))
    return SummedShares(
        part=distinct[:, 0], receiver=distinct[:, 1], valid=distinct[:, 2:].astype(np.bool_), mass=mass, n_steps=n_steps
    )


def _tally(shares: Shares, block: Block) -> TallyRows:
    digests = episode_digests(block, [unordered_content(shares.share, shares.valid)])
    summed = sum_shares(shares, block.episode_of_row)
    n_kept = int(shares.is_kept.sum())
    return TallyRows(
        episode=block.episodes[summed.part],
        receiver=summed.receiver,
        valid=summed.valid,
        mass=summed.mass,
        n_steps=summed.n_steps,
        digest=digests[summed.part],
        counted=np.array(
            [
                *(n_kept, shares.n_without_choice, shares.n_unreadable),
                *(shares.n_negative, shares.n_zero, shares.n_thinned),
            ],
            dtype=np.int64,
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
