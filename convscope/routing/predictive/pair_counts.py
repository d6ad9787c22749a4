"""Receivers' next actions by their own and a sender's last action: the pass that counts them, and what it counts.

Only what occurs is held: teams of twenty have hundreds of ordered pairs with thousands of cells each, nearly all empty.
"""

from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import MOST_SYMBOLS
from convscope.routing.predictive.packing import Symbols, count_receiver, packed_senders, read_symbols
from convscope.values.arrays import IntArray
from convscope.values.fields import ACTION_MASKS, ACTIONS
from convscope.values.log import Block

_SHAPE = (MOST_SYMBOLS, MOST_SYMBOLS, MOST_SYMBOLS)
_CELLS = MOST_SYMBOLS**3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairCounts:
    """Counts of the cells that occur, in the order of their keys."""

    n_agents: int
    key: IntArray
    """Group, receiver, sender, own last action, sender's last, next action, in one number, rising, shape (K,)."""
    count: IntArray
    """How often, shape (K,)."""

    def __add__(self, other: "PairCounts") -> "PairCounts":
        """Return the counts of both."""
        key, place = np.unique(np.concatenate([self.key, other.key]), return_inverse=True)
        count = np.zeros(len(key), dtype=np.int64)
        np.add.at(count, place.ravel(), np.concatenate([self.count, other.count]))
        return PairCounts(n_agents=self.n_agents, key=key, count=count)

    @property
    def n_symbols(self) -> int:
        """Actions up to the highest that occurs."""
        return 1 + max(int(digit.max(initial=-1)) for digit in np.unravel_index(self.key % _CELLS, _SHAPE))

    def of_group(self, group: int) -> "PairCounts":
        """Return the counts of one run and checkpoint, as its only group."""
        size = self.n_agents**2 * _CELLS
        first, last = np.searchsorted(self.key, [group * size, (group + 1) * size]).tolist()
        return PairCounts(n_agents=self.n_agents, key=self.key[first:last] - group * size, count=self.count[first:last])

    def table(self, receiver: int, sender: int) -> IntArray:
        """Return the table of a pair in the first group, shape (own last, sender's last, next)."""
        start = (receiver * self.n_agents + sender) * _CELLS
        first, last = np.searchsorted(self.key, [start, start + _CELLS]).tolist()
        table = np.zeros(_CELLS, dtype=np.int64)
        table[self.key[first:last] - start] = self.count[first:last]
        return table.reshape(_SHAPE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountFold:
    """Counts receivers' next actions by their own and a sender's last action; see `convscope.engine.fold.Fold`."""

    group_of: IntArray
    """Group (run and checkpoint) of each episode of the log, -1 where it is not read."""
    agents: IntArray
    """Analysed agents, as places in the log's agent axis; each with a single discrete action."""

    @property
    def fields(self) -> frozenset[str]:
        """Actions, and which were legal."""
        return frozenset({ACTIONS, ACTION_MASKS})

    def start(self) -> PairCounts:
        """Return no counts."""
        none = np.zeros(0, dtype=np.int64)
        return PairCounts(n_agents=len(self.agents), key=none, count=none)

    def add(self, state: PairCounts, block: Block) -> PairCounts:
        """Add a block; pairs of rows never cross the end of an episode."""
        if ACTIONS not in block.columns:
            return state
        symbols = read_symbols(block, self.agents)
        group = self.group_of[block.episodes]
        for each in np.unique(group[group >= 0]).tolist():
            is_it = np.equal(group, each)
            of_group = symbols if is_it.all() else symbols.rows(np.repeat(is_it, np.diff(block.offsets)))
            state = state + self._counted(of_group, each)
        return state

    def _counted(self, symbols: Symbols, group: int) -> PairCounts:
        n_agents = len(self.agents)
        keys, counts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        packs = packed_senders(symbols)
        for receiver in range(n_agents):
            tables = count_receiver(symbols, packs, receiver)
            sender, *cell = np.nonzero(tables)
            pair = (group * n_agents + receiver) * n_agents + sender
            keys.append(np.ravel_multi_index((pair, *cell), (int(pair.max(initial=0)) + 1, *_SHAPE)))
            counts.append(tables[tables > 0])
        return PairCounts(n_agents=n_agents, key=np.concatenate(keys), count=np.concatenate(counts))

    def merge(self, first: PairCounts, second: PairCounts) -> PairCounts:
        """Return the counts of both."""
        return first + second

    def finish(self, state: PairCounts) -> PairCounts:
        """Return the counts."""
        return state
