"""Tables of the actions themselves, for the size of an effect: how they follow each other and go together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.clock import ClockSums
from convscope.routing.predictive.columns import Column, Kind
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolTables:
    """Actions of some agents in one run and checkpoint; the last entry stands for all actions without a column."""

    is_choice: tuple[bool, ...]
    """Whether each agent's action is a single choice; the others have no entries."""
    starts: IntArray
    """First entry of each agent and the end, shape (N + 1,)."""
    steps: FloatArray
    """How often each action followed each, shape (entries, entries)."""
    together: FloatArray
    """How often each action stood beside each, shape (entries, entries)."""

    def transitions(self, agent: int) -> FloatArray:
        """Return how often each action of an agent followed each, shape (A, A)."""
        return self.steps[self._entries(agent), self._entries(agent)]

    def side_by_side(self, first: int, second: int) -> FloatArray:
        """Return how often two agents' actions went together, shape (A of the first, A of the second)."""
        return self.together[self._entries(first), self._entries(second)]

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
    merges = [_merge(bank, frozenset(kept.tolist()), agent) for agent in agents]
    merge = np.concatenate(merges, axis=1)
    widths = [each.shape[1] for each in merges]
    return SymbolTables(
        is_choice=tuple(width > 0 for width in widths),
        starts=np.cumsum([0, *widths]),
        steps=merge.T @ sums.steps[group] @ merge,
        together=merge.T @ sums.together[group] @ merge,
    )


def _merge(bank: tuple[Column, ...], listed: frozenset[int], agent: int) -> FloatArray:
    own = [place for place, column in enumerate(bank) if column.agent == agent and column.kind == Kind.SYMBOL]
    if not own or any(bank[place].component > 0 for place in own):
        return np.zeros((len(bank), 0))
    # Each action goes to its own entry if it has a column, else to the last entry.
    held = [place for place in own if place in listed]
    merge = np.zeros((len(bank), len(held) + 1))
    merge[own, [held.index(place) if place in listed else len(held) for place in own]] = 1.0
    return merge
