"""Weights of slots and of lists of edges, brought to a receiver and a sender axis."""

from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.pair_mapping import SlotOrder
from convscope.values.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How a file numbers agents."""

    n_agents: int
    first: int = 0
    """Number of the first agent."""
    empty: tuple[int, ...] = ()
    """Numbers that stand for no agent, beside negative ones and NaN."""

    def agents(self, numbers: FloatArray, place: str) -> IntArray:
        """Return the place of each numbered agent, -1 for none.

        Parameters
        ----------
        numbers
            As the file has them, any shape.
        place
            The array, for errors.

        Raises
        ------
        LogFormatError
            If a number is none of an agent, or a fraction.
        """
        is_none: BoolArray = np.isnan(numbers) | (numbers < 0) | np.isin(numbers, self.empty)
        slot = np.where(is_none, -1.0, numbers - self.first)
        is_wrong = ~is_none & ~((slot >= 0) & (slot < self.n_agents) & (slot == np.floor(slot)))
        if is_wrong.any():
            odd, last = float(numbers[is_wrong][0]), self.first + self.n_agents - 1
            raise LogFormatError(
                f"{place} holds {odd:.17g}; the {self.n_agents} agents are numbered from {self.first} to {last}, and "
                'negative numbers mean none (a mapping says otherwise: "first" and "empty")'
            )
        return slot.astype(np.int64)


def slots_in_order(order: SlotOrder, n_agents: int) -> IntArray:
    """Return which agent each slot of each agent is, shape (N, N - 1), or (N, N) where the agent's own comes first."""
    everyone = np.arange(n_agents)
    others = everyone[None, :-1] + (everyone[None, :-1] >= everyone[:, None])
    return others if order is SlotOrder.OTHERS else np.concatenate([everyone[:, None], others], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairEntries:
    """Weights of single pairs, in any order; those without a receiver or a sender (-1) are none."""

    row: IntArray
    """Row (and head) that each belongs to, shape (K,)."""
    receiver: IntArray
    """Shape (K,)."""
    sender: IntArray
    """Shape (K,)."""
    weight: FloatArray
    """Shape (K, V)."""


def pair_array(entries: PairEntries, shape: tuple[int, int, int], *, absent: float, adds_up: bool) -> FloatArray:
    """Return weights with a receiver and a sender axis.

    Parameters
    ----------
    entries
        Weights of single pairs.
    shape
        Numbers of rows, receivers and senders.
    absent
        What stands in cells of pairs that have no entry.
    adds_up
        Whether several entries of one pair add up, as those of parallel edges do; if not, such a cell is NaN. The sum
        does not depend on the order of the entries.

    Returns
    -------
    FloatArray
        Shape (rows, receivers, senders, V).
    """
    is_pair = (entries.receiver >= 0) & (entries.sender >= 0)
    cell = np.ravel_multi_index((entries.row, entries.receiver, entries.sender), shape, mode="clip")[is_pair]
    weight = entries.weight[is_pair]
    cells = np.full((int(np.prod(shape)), entries.weight.shape[1]), absent)
    cells[cell] = weight
    n_entries = np.bincount(cell)
    if (n_entries > 1).any():
        is_several = n_entries[cell] > 1
        _join(cells, cell[is_several], weight[is_several], adds_up=adds_up)
    return cells.reshape(*shape, -1)


def _join(cells: FloatArray, cell: IntArray, weight: FloatArray, *, adds_up: bool) -> None:
    if not adds_up:
        cells[cell] = np.nan
        return
    for column in range(weight.shape[1]):
        own = weight[:, column]
        order = np.lexsort((own, cell))
        starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
        with np.errstate(over="ignore", invalid="ignore"):
            cells[cell[order][starts], column] = np.add.reduceat(own[order], starts)
