"""Tables of the actions themselves, for the size of an effect: how they follow each other and go together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.clock import ClockSums
from convscope.routing.predictive.columns import Column
from convscope.routing.predictive.symbol_counts import symbol_places
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolTables:
    """Actions of some agents in one run and checkpoint; the last entry stands for all actions without a column."""

    is_choice: tuple[bool, ...]
    """Whether each agent's action is a single choice; the others have no entries."""
    starts: IntArray
    """First entry of each agent and the end, shape (N + 1,)."""
    steps: tuple[FloatArray, ...]
    """How often each action of an agent followed each, by agent, shape (A, A)."""
    together: FloatArray
    """How often each action stood beside each, shape (entries, entries)."""

    def transitions(self, agent: int) -> FloatArray:
        """Return how often each action of an agent followed each, shape (A, A)."""
        return self.steps[agent]

    def side_by_side(self, first: int, second: int) -> FloatArray:
        """Return how often two agents' actions went together, shape (A of the first, A of the second)."""
        return self.together[self._entries(first), self._entries(second)]

    def take_turns(self, receiver: int, sender: int) -> bool:
        """Whether a receiver never acts twice in a row, or never side by side with a sender; both choose actions."""
        if not (self.is_choice[receiver] and self.is_choice[sender]):
            return False
        return not (self.transitions(receiver).any() and self.side_by_side(receiver, sender).any())

    def _entries(self, agent: int) -> slice:
        return slice(int(self.starts[agent]), int(self.starts[agent + 1]))


def symbol_tables(
    bank: tuple[Column, ...], kept: IntArray, sums: ClockSums, *, group: int, agents: Sequence[int]
) -> SymbolTables:
    """Return the tables of some agents.

    Parameters
    ----------
    bank, sums
        Columns and result of the first pass.
    kept
        Places in the bank of the columns that the plan keeps.
    group
        Run and checkpoint.
    agents
        Places in the log's agent axis.
    """
    places = {bank[int(own[0])].agent: own for own in symbol_places(bank)}
    ends = dict(zip(places, np.cumsum([len(own) for own in places.values()]).tolist(), strict=True))
    none = np.zeros(0, dtype=np.int64)
    owns = [places.get(agent, none) for agent in agents]
    merges = [_merge(own, kept) for own in owns]
    rows = [slice(ends.get(agent, 0) - len(own), ends.get(agent, 0)) for agent, own in zip(agents, owns, strict=True)]
    steps, together = sums.symbols.of_group(group)
    whole = np.zeros((len(together), sum(merge.shape[1] for merge in merges)))
    starts = np.cumsum([0, *(merge.shape[1] for merge in merges)])
    for row, merge, start in zip(rows, merges, starts.tolist(), strict=False):
        whole[row, start : start + merge.shape[1]] = merge
    return SymbolTables(
        is_choice=tuple(len(own) > 0 for own in owns),
        starts=starts,
        steps=tuple(merge.T @ steps[row, : len(merge)] @ merge for row, merge in zip(rows, merges, strict=True)),
        together=whole.T @ together @ whole,
    )


def _merge(own: IntArray, kept: IntArray) -> FloatArray:
    """Return which entry each action of an agent goes to: its own if it has a column, else the last one."""
    if len(own) == 0:
        return np.zeros((0, 0))
    is_kept = np.isin(own, kept)
    entry = np.where(is_kept, np.cumsum(is_kept) - 1, is_kept.sum())
    merge = np.zeros((len(own), int(is_kept.sum()) + 1))
    merge[np.arange(len(own)), entry] = 1.0
    return merge
