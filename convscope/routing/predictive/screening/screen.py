"""The screen: how closely what each receiver does next goes with what each sender did last, pair by pair."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import fields_of
from convscope.routing.predictive.panel import Panel, read_panel
from convscope.routing.predictive.pieces import pieces
from convscope.routing.predictive.plan import Plan
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block

# On so coarse a grid sums of products are exact up to half a billion rows: neither order nor cut changes a bit.
_QUANTUM = 2.0**12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScreenSums:
    """Sums over samples."""

    products: FloatArray
    """Of each sender's column a step back with each receiver's now, shape (S, R)."""
    sent: FloatArray
    """Squares of the senders' columns, shape (S,)."""
    received: FloatArray
    """Squares of the receivers' columns, shape (R,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScreenFold:
    """Sums products of columns a step apart; see `convscope.engine.fold.Fold`."""

    plan: Plan
    senders: IntArray
    """Columns that may tell, as numbers in the plan, shape (S,)."""
    receivers: IntArray
    """Columns that may be told of: those of some receivers, so that memory stays bounded, shape (R,)."""

    @property
    def fields(self) -> frozenset[str]:
        """All that columns come from."""
        return fields_of(self.plan.columns)

    def start(self) -> ScreenSums:
        """Return sums of nothing."""
        n_sent, n_received = len(self.senders), len(self.receivers)
        return ScreenSums(products=np.zeros((n_sent, n_received)), sent=np.zeros(n_sent), received=np.zeros(n_received))

    def add(self, state: ScreenSums, block: Block) -> ScreenSums:
        """Add the episodes of a block."""
        for piece in pieces(block, len(self.plan.columns), is_wanted=self.plan.clock.is_read(block)):
            panel = read_panel(self.plan, piece)
            sent = _on_grid(panel.values[:-1, self.senders])
            received = self._received(panel)[1:]
            piece_sums = ScreenSums(
                products=sent.T @ received,
                sent=np.einsum("ts,ts->s", sent, sent),
                received=np.einsum("tr,tr->r", received, received),
            )
            state = self.merge(state, piece_sums)
        return state

    def merge(self, first: ScreenSums, second: ScreenSums) -> ScreenSums:
        """Return the sums of both."""
        return ScreenSums(
            products=first.products + second.products,
            sent=first.sent + second.sent,
            received=first.received + second.received,
        )

    def finish(self, state: ScreenSums) -> ScreenSums:
        """Return the sums."""
        return state

    def _received(self, panel: Panel) -> FloatArray:
        """Return the receivers' columns beyond their mean in the episode; 0 where they are no samples."""
        agents = np.array([self.plan.columns[place].agent for place in self.receivers.tolist()], dtype=np.int64)
        is_sample = _is_sample(panel)[:, agents]
        received = np.where(is_sample, panel.values[:, self.receivers], 0.0)
        lengths = np.diff(panel.offsets)
        starts = panel.offsets[:-1][lengths > 0]
        n_samples = np.add.reduceat(is_sample, starts, axis=0, dtype=np.float64)
        mean = np.add.reduceat(received, starts, axis=0) / np.maximum(n_samples, 1)
        received -= np.repeat(mean, lengths[lengths > 0], axis=0)
        received[~is_sample] = 0.0
        return _on_grid(received)


def _is_sample(panel: Panel) -> BoolArray:
    """Return where each agent chose, and was there a step back in the same episode, shape (T, N)."""
    is_sample = panel.is_choosing.copy()
    is_sample[1:] &= panel.is_live[:-1]
    is_sample[panel.offsets[:-1][np.diff(panel.offsets) > 0]] = False
    return is_sample


def _on_grid(values: FloatArray) -> FloatArray:
    scaled = values * _QUANTUM
    np.rint(scaled, out=scaled)
    scaled /= _QUANTUM
    return scaled


def strongest_senders(
    sums: ScreenSums, *, sender_of: IntArray, receiver_of: IntArray, n_kept: int
) -> dict[int, IntArray]:
    """Return the senders that each receiver's next action goes with most closely.

    Parameters
    ----------
    sums
        Of all runs together.
    sender_of, receiver_of
        Agent of each column of the sums, shape (S,) and (R,).
    n_kept
        Senders of each receiver, fewer where fewer vary.
    """
    share = np.square(sums.products)
    share /= np.maximum(np.outer(sums.sent, sums.received), np.finfo(np.float64).tiny)
    senders, by_sender = _summed(share, sender_of)
    receivers, by_pair = _summed(by_sender.T, receiver_of)
    kept: dict[int, IntArray] = {}
    for receiver, closeness in zip(receivers.tolist(), by_pair, strict=True):
        is_other = (senders != receiver) & (closeness > 0)
        order = np.argsort(-closeness[is_other], kind="stable")[:n_kept]
        kept[receiver] = np.sort(senders[is_other][order])
    return kept


def _summed(values: FloatArray, label: IntArray) -> tuple[IntArray, FloatArray]:
    """Return the distinct labels, and the rows of each added up."""
    order = np.argsort(label, kind="stable")
    labels, starts = np.unique(label[order], return_index=True)
    return labels, np.add.reduceat(values[order], starts, axis=0)
