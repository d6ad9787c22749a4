"""Counting triples of actions quickly: several senders' actions in one number, so that one count serves them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from convscope.behaviour.acting import has_choice
from convscope.routing.predictive.columns import MOST_SYMBOLS
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray
from convscope.values.fields import ACTION_MASKS, ACTIONS
from convscope.values.log import Block
from convscope.values.status import Status

# Tables of this size stay near the processor, and so do this many rows: twice as fast as one pass over everything.
_MOST_CELLS = 1 << 15
_CHUNK = 1 << 16

_Small = npt.NDArray[np.int8]
_Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Symbols:
    """Actions of some agents as small numbers; ``n_symbols`` stands for none."""

    n_symbols: int
    """Actions that occur, at most `MOST_SYMBOLS`."""
    is_whole: bool
    """Whether everybody acts in every row."""
    last: _Small
    """What each agent does in a row, shape (N, T)."""
    after: _Small
    """What it chooses in the next row of the episode; none too where it has no choice, shape (N, T)."""

    def rows(self, is_row: BoolArray) -> "Symbols":
        """Return some rows."""
        last, after = self.last[:, is_row], self.after[:, is_row]
        return Symbols(n_symbols=self.n_symbols, is_whole=self.is_whole, last=last, after=after)

    @property
    def n_sent(self) -> int:
        """Numbers that a sender's action takes."""
        return self.n_symbols if self.is_whole else self.n_symbols + 1


def read_symbols(block: Block, agents: IntArray) -> Symbols:
    """Return the actions of some agents with a single discrete action.

    Parameters
    ----------
    block
        Holds actions.
    agents
        Places in the block's agent axis.
    """
    is_every = np.array_equal(agents, np.arange(block.status.shape[1]))
    own = slice(None) if is_every else agents
    last = np.empty((len(agents), block.n_rows), dtype=np.int8)
    for start in range(0, block.n_rows, _CHUNK):
        rows = slice(start, start + _CHUNK)
        last[:, rows] = _small(block.columns[ACTIONS][rows, own, 0], block.status[rows, own]).T
    is_whole = bool(last.min(initial=0) >= 0)
    n_symbols = int(last.max(initial=-1)) + 1
    if not is_whole:
        last[last < 0] = n_symbols
    after = np.empty_like(last)
    after[:, :-1] = last[:, 1:]
    if ACTION_MASKS in block.columns:
        after[:, :-1][~has_choice(block)[1:, own].T] = n_symbols
    after[:, block.offsets[1:] - 1] = n_symbols
    return Symbols(n_symbols=n_symbols, is_whole=is_whole, last=last, after=after)


def _small(chosen: FloatArray, status: ByteArray) -> _Small:
    """Return actions, -1 where there is none."""
    is_known = np.equal(status, Status.ACTING) & (chosen >= 0)
    held = chosen if is_known.all() else np.where(is_known, chosen, -1.0)
    return np.minimum(held, MOST_SYMBOLS - 1).astype(np.int8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pack:
    """What some senders did last, in one number."""

    n_senders: int
    code: _Codes
    """Of each row; the first sender's action counts most, shape (T,)."""


def packed_senders(symbols: Symbols) -> tuple[Pack, ...]:
    """Return what all agents did last, as many agents in one number as a table has room for."""
    n_values, n_agents = symbols.n_sent, len(symbols.last)
    n_together, size = 1, (symbols.n_symbols + 1) ** 2 * n_values
    while n_together < n_agents and size * n_values <= _MOST_CELLS:
        n_together, size = n_together + 1, size * n_values
    parts = [symbols.last[first : first + n_together] for first in range(0, n_agents, n_together)]
    return tuple(
        Pack(n_senders=len(part), code=reduce(lambda code, sent: code * n_values + sent, part[1:], part[0]))
        for part in (each.astype(np.int32) for each in parts)
    )


def count_receiver(symbols: Symbols, packs: Sequence[Pack], receiver: int) -> IntArray:
    """Return how often each next action of a receiver followed each last one of its own and of each sender.

    Returns
    -------
    IntArray
        Shape (senders, own last, sender's last, next).
    """
    n_symbols, n_sent = symbols.n_symbols, symbols.n_sent
    n_own = n_symbols + 1
    sizes = [n_sent**pack.n_senders for pack in packs]
    counts = [np.zeros(n_own**2 * size, dtype=np.int64) for size in sizes]
    n_rows = symbols.last.shape[1]
    for start in range(0, n_rows, _CHUNK):
        rows = slice(start, start + _CHUNK)
        own = symbols.last[receiver, rows] * np.int32(n_own) + symbols.after[receiver, rows]
        for number, (size, pack) in enumerate(zip(sizes, packs, strict=True)):
            counts[number] += np.bincount(own * size + pack.code[rows], minlength=n_own**2 * size)
    tables = [
        table
        for count, pack in zip(counts, packs, strict=True)
        for table in _of_each(count.reshape(n_own, n_own, *(n_sent,) * pack.n_senders))
    ]
    return np.array(tables).transpose(0, 1, 3, 2)[:, :n_symbols, :n_symbols, :n_symbols]


def _of_each(counts: IntArray) -> Iterator[IntArray]:
    """Return the table of each sender, all others summed out: own last, next, sender's last."""
    senders = range(2, counts.ndim)
    for sender in senders:
        yield counts.sum(axis=tuple(other for other in senders if other != sender))
