"""How actions follow each other and go together, counted for the runs and checkpoints that a block touches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.routing.predictive.columns import Column, Kind
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolCounts:
    """Counts of the symbols of agents with a single choice; S symbols, at most A an agent."""

    group: IntArray
    """The runs and checkpoints that were seen, rising, shape (K,)."""
    steps: FloatArray
    """How often each symbol of an agent was followed by each of its symbols, shape (K, S, A)."""
    together: FloatArray
    """How often two symbols, of any two agents, stood side by side a step before another step, shape (K, S, S)."""

    def __add__(self, other: "SymbolCounts") -> "SymbolCounts":
        """Return the counts of both."""
        group = np.union1d(self.group, other.group)
        return SymbolCounts(
            group=group,
            steps=_added(group, (self.group, self.steps), (other.group, other.steps)),
            together=_added(group, (self.group, self.together), (other.group, other.together)),
        )

    def of_group(self, group: int) -> tuple[FloatArray, FloatArray]:
        """Return ``steps`` and ``together`` of one run and checkpoint; zeros where nothing was seen."""
        is_it = np.equal(self.group, group)
        return np.asarray(self.steps[is_it].sum(axis=0)), np.asarray(self.together[is_it].sum(axis=0))


def symbol_places(bank: Sequence[Column]) -> tuple[IntArray, ...]:
    """Return where the symbols of each agent with a single choice stand among the columns, agent by agent."""
    symbols = [(place, column) for place, column in enumerate(bank) if column.kind == Kind.SYMBOL]
    several = {column.agent for _, column in symbols if column.component > 0}
    agents = sorted({column.agent for _, column in symbols} - several)
    return tuple(np.array([place for place, column in symbols if column.agent == agent]) for agent in agents)


def count_symbols(values: FloatArray, group: IntArray, later: IntArray, *, bank: Sequence[Column]) -> SymbolCounts:
    """Count the symbols of some rows.

    Parameters
    ----------
    values
        Every column, 0 where missing, shape (T, C).
    group
        Run and checkpoint of each row, shape (T,).
    later
        Rows that have a row before them in their episode.
    bank
        The columns.
    """
    places = symbol_places(bank)
    held = values[:, np.concatenate([np.zeros(0, dtype=np.int64), *places])]
    # Counts to 2^24 are exact in single precision, at half the cost.
    held = held.astype(np.float32) if len(held) < 1 << 24 else held
    seen = np.unique(group[later])
    starts = np.cumsum([0, *map(len, places)]).tolist()
    steps = np.zeros((len(seen), held.shape[1], max(map(len, places), default=0)))
    together = np.zeros((len(seen), held.shape[1], held.shape[1]))
    for number, each in enumerate(seen.tolist()):
        rows = later if len(seen) == 1 else later[np.equal(group[later], each)]
        before, now = held[rows - 1], held[rows]
        together[number] = before.T @ before
        for start, stop in pairwise(starts):
            steps[number, start:stop, : stop - start] = before[:, start:stop].T @ now[:, start:stop]
    return SymbolCounts(group=seen, steps=steps, together=together)


def _added(group: IntArray, *parts: tuple[IntArray, FloatArray]) -> FloatArray:
    total = np.zeros((len(group), *parts[0][1].shape[1:]))
    for own, values in parts:
        total[np.searchsorted(group, own)] += values
    return total
