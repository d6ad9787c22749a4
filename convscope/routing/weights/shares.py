"""The canonical routing array: how each receiver divides its weight over the senders it could attend to."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.fields import NO_SLOT, RowSum


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """Routing of a block of timesteps, axes (T, receiver, sender)."""

    share: FloatArray
    """Rows that are kept sum to ``row_sum`` over their valid senders; everything else is exactly 0."""
    row_sum: FloatArray
    """1 for a row that is kept, or what it gave its valid senders where rows keep their sums; shape (T, receiver)."""
    valid: BoolArray
    """Both act, receiver and sender differ, and the receiver has a slot for the sender."""
    is_kept: BoolArray
    """Rows that say something, shape (T, receiver)."""
    own: FloatArray
    """What a row that is kept gave the receiver itself, as a share of all that it gave, shape (T, receiver); NaN where
    that was not logged."""
    n_without_choice: int
    """Rows of acting receivers that were dropped because fewer than two senders were there."""
    n_unreadable: int
    """Rows that were dropped because a valid weight is NaN or infinite."""
    n_negative: int
    """Rows that were dropped because a valid weight is negative."""
    n_zero: int
    """Rows that were dropped because all valid weights are 0."""
    n_thinned: int = 0
    """Rows that were left out for want of memory, see `convscope.routing.weights.thinning`."""


def routing_shares(weights: FloatArray, is_acting: BoolArray, *, row_sum: RowSum = RowSum.RENORMALISE) -> Shares:
    """Divide each receiver's weight over its valid senders (docs/logged-weights.md).

    Parameters
    ----------
    weights
        Shape (T, receiver, sender), heads already combined. What stands in cells that are not valid (padding, the dead,
        the diagonal; NaN or anything else) changes not one bit of the shares. `NO_SLOT` stands where the receiver could
        not attend to the sender.
    is_acting
        Who acts, shape (T, N).
    row_sum
        Whether a row counts as one choice, or by its sum.
    """
    n_agents = is_acting.shape[1]
    valid = is_acting[:, :, None] & is_acting[:, None, :] & ~np.eye(n_agents, dtype=np.bool_)
    valid &= ~np.equal(weights, NO_SLOT)
    held = np.where(valid, weights, 0.0)
    # Overflow of absurd weights makes a row unreadable; it is counted below, not warned of.
    with np.errstate(over="ignore", invalid="ignore"):
        # A running sum adds one weight at a time: slots that are never valid cannot change the last digits.
        total = held.cumsum(axis=2)[:, :, -1]
    has_choice = valid.sum(axis=2) >= 2
    is_finite, is_negative = np.isfinite(total), (held < 0).any(axis=2)
    is_readable = is_finite & ~is_negative
    is_kept = has_choice & is_readable & (total > 0)
    counted = np.where(is_kept, total, 0.0) if row_sum is RowSum.KEEP else is_kept.astype(np.float64)
    share = np.divide(held, total[:, :, None], out=np.zeros_like(held), where=is_kept[:, :, None])
    return Shares(
        share=share * counted[:, :, None],
        row_sum=counted,
        valid=valid,
        is_kept=is_kept,
        own=_own(weights, total, is_kept),
        n_without_choice=int((is_acting & ~has_choice).sum()),
        n_unreadable=int((has_choice & ~is_finite).sum()),
        n_negative=int((has_choice & is_finite & is_negative).sum()),
        n_zero=int((has_choice & is_readable & np.equal(total, 0)).sum()),
    )


def pair_strengths(values: FloatArray, is_acting: BoolArray) -> FloatArray:
    """Return the mean over heads, layers and rounds, shape (T, receiver, sender).

    Parameters
    ----------
    values
        Shape (T, ..., receiver, sender). A head without a slot for a sender gives it nothing; where none has one, that
        is what the mean says, too.
    is_acting
        Who acts, shape (T, N); other cells are left out before anything is computed.
    """
    held, has_slot = _acting_cells(values, is_acting)
    with np.errstate(over="ignore", invalid="ignore"):
        strength: FloatArray = held.mean(axis=1)
    return _with_slots(strength, has_slot)


def message_strengths(values: FloatArray, is_acting: BoolArray) -> FloatArray:
    """Return the length (Euclidean norm) of each message, shape (T, receiver, sender); arguments as above."""
    held, has_slot = _acting_cells(values, is_acting)
    with np.errstate(over="ignore", invalid="ignore"):
        length: FloatArray = np.sqrt(np.square(held).sum(axis=1))
    return _with_slots(length, has_slot)


def _acting_cells(values: FloatArray, is_acting: BoolArray) -> tuple[FloatArray, BoolArray | None]:
    """Return values with 0 in cells that do not count, and which cells have a slot; None where all have one."""
    n_rows, n_agents = is_acting.shape
    both = is_acting[:, None, :, None] & is_acting[:, None, None, :]
    held: FloatArray = np.where(both, values.reshape(n_rows, -1, n_agents, n_agents), 0.0)
    lacks: BoolArray = np.equal(held, NO_SLOT)
    if not lacks.any():
        return held, None
    has_slot: BoolArray = ~np.all(lacks, axis=1)
    return np.where(lacks, 0.0, held), has_slot


def _with_slots(strength: FloatArray, has_slot: BoolArray | None) -> FloatArray:
    return strength if has_slot is None else np.where(has_slot, strength, NO_SLOT)


def _own(weights: FloatArray, total: FloatArray, is_kept: BoolArray) -> FloatArray:
    own = np.diagonal(weights, axis1=1, axis2=2)
    is_known = is_kept & np.isfinite(own) & (own >= 0)
    with np.errstate(over="ignore"):
        every = np.where(is_known, own, 0.0) + np.where(is_kept, total, 1.0)
    return np.where(is_known & np.isfinite(every), own / every, np.nan)
