"""What logged weights read in one pass: the tally of all heads that count, and sums of each."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.routing.weights.heads import HeadFold, HeadSums
from convscope.routing.weights.shares import Shares
from convscope.routing.weights.tally import TallyFold, TallyRows
from convscope.values.arrays import IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightSums:
    """State and result of `WeightFold`."""

    rows: TallyRows
    heads: HeadSums


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightFold:
    """Tally and heads of one field; see `convscope.engine.fold.Fold`."""

    tally: TallyFold
    heads: HeadFold
    chosen: IntArray | None = None
    """Heads that the tally counts, along all axes; None for all there is."""

    @property
    def fields(self) -> frozenset[str]:
        """The one field."""
        return self.tally.fields

    def shares(self, block: Block) -> Shares:
        """Return the shares that the tally counts, of a block that holds the field."""
        return self.tally.shares(self._chosen(block))

    def start(self) -> WeightSums:
        """Return sums of nothing."""
        return WeightSums(rows=self.tally.start(), heads=self.heads.start())

    def add(self, state: WeightSums, block: Block) -> WeightSums:
        """Add a block."""
        return WeightSums(
            rows=self.tally.add(state.rows, self._chosen(block)), heads=self.heads.add(state.heads, block)
        )

    def merge(self, first: WeightSums, second: WeightSums) -> WeightSums:
        """Add two states."""
        return WeightSums(
            rows=self.tally.merge(first.rows, second.rows), heads=self.heads.merge(first.heads, second.heads)
        )

    def finish(self, state: WeightSums) -> WeightSums:
        """Return the sums."""
        return state

    def _chosen(self, block: Block) -> Block:
        values = block.columns.get(self.tally.field)
        if self.chosen is None or values is None:
            return block
        every = values.reshape(len(values), -1, *values.shape[-2:])
        return replace(block, columns={self.tally.field: np.take(every, self.chosen, axis=1)})
