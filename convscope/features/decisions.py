"""The decisions of a block: the rows in which each agent acts, one unit after the other."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decisions:
    """Rows in which an agent acts, ordered by unit, then by time; a unit is an agent in an episode.

    Every feature is computed from these rows alone, so waiting, dead and absent rows cannot reach one.
    """

    block: Block
    row: IntArray
    """Row of the block, shape (D,)."""
    agent: IntArray
    """Shape (D,)."""
    unit: IntArray
    """Episode within the block times the number of agents, plus the agent, shape (D,), ascending."""
    follows: BoolArray
    """Whether the entry before is the same unit's previous decision, shape (D,)."""

    @property
    def n_agents(self) -> int:
        """Agents of the log."""
        return int(self.block.status.shape[1])

    @property
    def n_units(self) -> int:
        """Agents times episodes of the block."""
        return len(self.block.episodes) * self.n_agents

    def of_agent(self, field: str) -> FloatArray:
        """Values of an agent field at the decisions, shape (D, ...); what is not finite is NaN."""
        values = self.block.columns[field][self.row, self.agent]
        return np.where(np.isfinite(values), values, np.nan)

    def vectors(self, field: str) -> FloatArray:
        """Values of an agent field with all that is behind the agent axis in one axis, shape (D, columns)."""
        values = self.of_agent(field)
        # Not -1: a block may hold episodes in which nobody ever acts.
        return values.reshape(len(self.row), prod(values.shape[1:]))

    def previous(self, values: FloatArray) -> FloatArray:
        """Value at the same unit's decision before, NaN at its first, same shape as ``values``."""
        before = np.roll(values, 1, axis=0)
        before[~self.follows] = np.nan
        return before

    def total(self, values: FloatArray) -> FloatArray:
        """Sum over each unit's decisions of the finite values (D,), shape (units,); 0 where there are none."""
        finite = np.where(np.isfinite(values), values, 0.0)
        return np.bincount(self.unit, weights=finite, minlength=self.n_units).astype(np.float64)

    def totals(self, values: FloatArray) -> FloatArray:
        """Add up over each unit's decisions the finite values (D, C), shape (units, C); 0 where there are none."""
        sums = np.zeros((self.n_units, values.shape[1]))
        if len(self.unit):
            starts = np.flatnonzero(~self.follows)
            is_finite = np.isfinite(values)
            finite = values if is_finite.all() else np.where(is_finite, values, 0.0)
            sums[self.unit[starts]] = np.add.reduceat(finite, starts, axis=0)
        return sums

    def means(self, values: FloatArray) -> FloatArray:
        """Average over each unit's decisions the finite values (D, C), shape (units, C); NaN where there are none."""
        is_finite = np.isfinite(values)
        if is_finite.all():
            n = np.bincount(self.unit, minlength=self.n_units).astype(np.float64)[:, np.newaxis]
            return ratio(self.totals(values), np.broadcast_to(n, (self.n_units, values.shape[1])))
        return ratio(self.totals(values), self.totals(is_finite.astype(np.float64)))

    def of_one(self, agent: int) -> "Decisions":
        """Return the decisions of one agent only."""
        mine = self.agent == agent
        return replace(
            self, row=self.row[mine], agent=self.agent[mine], unit=self.unit[mine], follows=self.follows[mine]
        )

    def mean(self, values: FloatArray) -> FloatArray:
        """Mean over each unit's decisions of the finite values (D,), shape (units,); NaN where there are none."""
        return ratio(self.total(values), self.total(np.isfinite(values).astype(np.float64)))

    def share(self, flags: BoolArray, among: BoolArray | None = None) -> FloatArray:
        """Share of each unit's decisions with a flag (D,), shape (units,); NaN where there are none.

        Parameters
        ----------
        flags
            Shape (D,).
        among
            Decisions that count at all, shape (D,); all when left out.
        """
        return self.mean(np.where(True if among is None else among, flags.astype(np.float64), np.nan))


def decisions_of(block: Block) -> Decisions:
    """Find the decisions of a block."""
    row, agent = np.nonzero(block.is_acting)
    unit = block.episode_of_row[row] * block.status.shape[1] + agent
    order = np.argsort(unit, kind="stable")
    row, agent, unit = row[order], agent[order], unit[order]
    follows = np.zeros(len(unit), dtype=np.bool_)
    follows[1:] = unit[1:] == unit[:-1]
    return Decisions(block=block, row=row, agent=agent, unit=unit, follows=follows)


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Quotient, NaN where the denominator is 0 or either is NaN."""
    is_defined = np.isfinite(numerator) & np.isfinite(denominator) & (denominator != 0)
    quotient: FloatArray = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=quotient, where=is_defined)
    return quotient
