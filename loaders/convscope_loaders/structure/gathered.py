"""Fields of which every group holds an array of its own: the arrays of many groups are read as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.hdf5.gathering import StoredArrays, read_each, stored_arrays
from convscope.ingest.mapping import Axis
from convscope.values.arrays import FloatArray, IntArray, ranges
from convscope.values.fields import Level
from convscope_loaders.structure.arrays import canonical
from convscope_loaders.structure.plan import FieldPlan, RowPlan

StoredFields = Mapping[tuple[str, int | None], StoredArrays]
"""Where arrays lie, group by group; by path of the field, and agent (None where agents share them)."""


def find_stored(inventory: Inventory, plans: Sequence[FieldPlan], rows: RowPlan) -> StoredFields:
    """Return where fields' arrays lie, if every group has its own, and rows are their first axis.

    Parameters
    ----------
    inventory
        What the file holds.
    plans
        How the fields are read.
    rows
        Where the rows of each episode are.
    """
    found: dict[tuple[str, int | None], StoredArrays] = {}
    n_cells = len(rows.cells)
    for plan in plans:
        has_other_finals = plan.next_template is not None and not rows.final_is_inside
        if n_cells == 1 or plan.axes[:1] not in _ROWS or Axis.EPISODE in plan.axes or has_other_finals:
            continue
        for agent in own_agents(plan, rows):
            paths = [plan.template.fill(rows.values_of(cell, agent)) for cell in range(n_cells)]
            stored = stored_arrays(inventory, paths)
            if stored is not None:
                found[plan.template.text, agent] = stored
    return found


def own_agents(plan: FieldPlan, rows: RowPlan) -> tuple[int | None, ...]:
    """Return the agents that have arrays of their own; None alone where they share them."""
    return tuple(range(len(rows.agents))) if Axis.AGENT in plan.template.axes else (None,)


def of_agent(column: FloatArray, plan: FieldPlan, agent: int) -> FloatArray:
    """Return an agent's part of all rows: of weights between agents, those that it receives with."""
    return column[..., agent, :] if plan.spec.level is Level.PAIR else column[:, agent]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GatheredField:
    """A field, or one agent's part of it, and where its arrays lie."""

    plan: FieldPlan
    rows: RowPlan
    agent: int | None
    stored: StoredArrays
    """As `find_stored` says."""

    def fill(self, file: ArrayReader, column: FloatArray, episodes: IntArray) -> None:
        """Read all rows of some episodes.

        Parameters
        ----------
        file
            Open file.
        column
            Takes the rows; what the file lacks is left as it is.
        episodes
            Ascending, shape (B,).
        """
        rows, stream = self.rows, self.rows.stream_of(self.agent)
        first = np.cumsum(rows.rows[episodes]) - rows.rows[episodes]
        here = np.flatnonzero((rows.count[episodes, stream] > 0) & (self.stored.n_rows[rows.cell[episodes]] > 0))
        if not len(here):
            return
        at = first[here] + rows.offset[episodes[here], stream]
        values, target = self._values(file, episodes[here], at)
        into = column if self.agent is None else of_agent(column, self.plan, self.agent)
        if self.agent is None or values.ndim == 1:
            into[target] = values
        else:
            # Agents of other spaces have fewer columns.
            into[target, : values.shape[1]] = values

    def _values(self, file: ArrayReader, episodes: IntArray, at: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the rows of episodes, and where each goes, given where the first of each goes."""
        rows, stream = self.rows, self.rows.stream_of(self.agent)
        cell = rows.cell[episodes]
        n_stored = self.stored.n_rows[cell]
        start = np.minimum(rows.start[episodes, stream], n_stored)
        last = start + rows.count[episodes, stream] + self._n_finals(episodes)
        stop = np.minimum(last, n_stored)
        # Episodes that share an array are read at once, from the first row to the last.
        bounds = np.flatnonzero(np.diff(cell, prepend=-1))
        low, high = np.minimum.reduceat(start, bounds), np.maximum.reduceat(stop, bounds)
        cells = cell[bounds]
        read = read_each(
            file, lambda number: self._path(int(cells[number])), start=low, stop=high, stored=self.stored.of(cells)
        )
        shift = np.repeat(np.cumsum(high - low) - high, np.diff(bounds, append=len(cell)))
        return canonical(read, self.plan)[ranges(start + shift, stop + shift)], ranges(at, at + stop - start)

    def _n_finals(self, episodes: IntArray) -> IntArray:
        is_read = self.plan.has_final and self.rows.final_is_inside
        return (self.rows.has_final[episodes] & is_read).astype(np.int64)

    def _path(self, cell: int) -> str:
        return self.plan.template.fill(self.rows.values_of(cell, self.agent))


_ROWS = frozenset({(Axis.ROW,), (Axis.TIME,)})
