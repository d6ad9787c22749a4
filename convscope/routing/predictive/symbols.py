"""Tables of the actions themselves, for the size of an effect: how common they are and how they follow each other."""

from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.clock import ClockSums
from convscope.routing.predictive.columns import Column, Kind
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolTable:
    """Actions of one agent in one run and checkpoint; the last entry stands for all actions without a column."""

    share: FloatArray
    """Probability of each action, shape (A,)."""
    transitions: FloatArray
    """How often each action followed each, shape (A, A)."""


def symbol_table(
    bank: tuple[Column, ...], kept: IntArray, sums: ClockSums, *, group: int, agent: int
) -> SymbolTable | None:
    """Return the table of an agent; None unless its action is a single choice.

    Parameters
    ----------
    bank, sums
        Columns and result of the first pass.
    kept
        Places in the bank of the columns that the plan keeps.
    group
        Run and checkpoint.
    agent
        Place in the log's agent axis.
    """
    own = [p for p, column in enumerate(bank) if column.agent == agent and column.kind == Kind.SYMBOL]
    if not own or any(bank[place].component > 0 for place in own):
        return None
    # Each action goes to its own entry if it has a column, else to the last entry.
    held = [place for place in own if place in set(kept.tolist())]
    merge = np.zeros((len(own), len(held) + 1))
    merge[np.arange(len(own)), [held.index(place) if place in held else len(held) for place in own]] = 1.0
    total = sums.total[group, :, own].sum(axis=1)
    return SymbolTable(
        share=(total @ merge) / max(float(total.sum()), 1.0),
        transitions=merge.T @ sums.steps[group][np.ix_(own, own)] @ merge,
    )
