"""Fields of which every group holds an array of its own: the arrays of many groups are read as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from convscope.ingest.hdf5.gathering import StoredArrays, read_each, stored_arrays
from convscope.ingest.hdf5.reading import Hdf5Reader, Inventory
from convscope.ingest.mapping import Axis
from convscope.values.arrays import FloatArray, IntArray, ranges
from convscope_loaders.structure.arrays import canonical
from convscope_loaders.structure.plan import FieldPlan, RowPlan


def find_stored(inventory: Inventory, plans: Sequence[FieldPlan], rows: RowPlan) -> dict[str, StoredArrays]:
    """Return where fields' arrays lie, if every group has its own, and rows are their first axis.

    Parameters
    ----------
    inventory
        What the file holds.
    plans
        How the fields are read.
    rows
        Where the rows of each episode are.

    Returns
    -------
    dict[str, StoredArrays]
        By path of the field; group by group, and in each agent by agent.
    """
    found: dict[str, StoredArrays] = {}
    for plan in plans if len(rows.cells) > 1 else ():
        if plan.axes[:1] in {(Axis.ROW,), (Axis.TIME,)} and Axis.EPISODE not in plan.axes:
            cells = product(range(len(rows.cells)), own_agents(plan, rows))
            paths = [plan.template.fill(rows.values_of(cell, agent)) for cell, agent in cells]
            stored = stored_arrays(inventory, paths)
            if stored is not None:
                found[plan.template.text] = stored
    return found


def own_agents(plan: FieldPlan, rows: RowPlan) -> tuple[int | None, ...]:
    """Return the agents that have arrays of their own; None alone where they share them."""
    return tuple(range(len(rows.agents))) if Axis.AGENT in plan.template.axes else (None,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GatheredField:
    """A field, and where its arrays lie."""

    plan: FieldPlan
    rows: RowPlan
    stored: StoredArrays
    """Group by group and in each agent by agent, as `find_stored` says."""

    def fill(self, file: Hdf5Reader, column: FloatArray, episodes: IntArray) -> None:
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
        first = np.cumsum(self.rows.rows[episodes]) - self.rows.rows[episodes]
        own = own_agents(self.plan, self.rows)
        for place, agent in enumerate(own):
            stream = self.rows.stream_of(agent)
            which = self.rows.cell[episodes] * len(own) + place
            here = np.flatnonzero((self.rows.count[episodes, stream] > 0) & (self.stored.n_rows[which] > 0))
            if len(here):
                at = first[here] + self.rows.offset[episodes[here], stream]
                values, target = self._values(file, which[here], episodes[here], stream=stream, at=at)
                if agent is None or values.ndim == 1:
                    (column if agent is None else column[:, agent])[target] = values
                else:
                    # Agents of other spaces have fewer columns.
                    column[target, agent, : values.shape[1]] = values

    def _values(
        self, file: Hdf5Reader, which: IntArray, episodes: IntArray, *, stream: int, at: IntArray
    ) -> tuple[FloatArray, IntArray]:
        """Return the rows of episodes, and where each goes, given where the first of each goes."""
        rows, plan = self.rows, self.plan
        start = rows.start[episodes, stream]
        last = start + rows.count[episodes, stream] + (rows.has_final[episodes] & plan.has_final)
        stop = np.minimum(last, self.stored.n_rows[which])
        # Episodes that share an array are read at once, from the first row to the last.
        bounds = np.flatnonzero(np.diff(which, prepend=-1))
        low, high = np.minimum.reduceat(start, bounds), np.maximum.reduceat(stop, bounds)
        arrays = which[bounds]
        read = read_each(
            file, lambda n: self._path(int(arrays[n])), start=low, stop=high, stored=self.stored.of(arrays)
        )
        before = np.cumsum(high - low) - high
        shift = np.repeat(before, np.diff(bounds, append=len(which)))
        return canonical(read, plan)[ranges(start + shift, stop + shift)], ranges(at, at + stop - start)

    def _path(self, array: int) -> str:
        own = own_agents(self.plan, self.rows)
        return self.plan.template.fill(self.rows.values_of(array // len(own), own[array % len(own)]))
