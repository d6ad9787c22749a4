"""How the rows of a log lie in its file: small, picklable, made once and used by every block."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.mapping import Axis
from convscope.values.arrays import BoolArray, IntArray, sealed
from convscope.values.fields import FieldSpec
from convscope_loaders.structure.templates import PathValues, Template

CONTAINER_AXES = (Axis.EPISODE, Axis.TIME, Axis.ROW)
"""Axes of an array that lead to the row of an episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPlan:
    """How one field is read."""

    spec: FieldSpec
    template: Template
    axes: tuple[Axis, ...]
    """Of the array, without the axes of its values."""
    n_agents: int
    """Of the log."""
    take: tuple[int, ...] = ()
    """Entries of the agent or entity axis; empty for all."""
    is_one_hot: bool = False
    is_negated: bool = False
    """Whether zeros are what counts."""
    is_choice: tuple[bool, ...] = ()
    """Agents whose values are choices, of which -1 is none; empty where the field holds no actions."""
    has_final: bool = False
    """Whether its array has a value in the row after an episode's last step."""
    next_template: Template | None = None
    """Of the array that holds the values after each step; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowPlan:
    """Where the rows of each episode are.

    A stream is one agent's own arrays. Where paths name agents there is one for each and a last one for the arrays
    that they share; elsewhere there is that one alone.
    """

    cells: tuple[PathValues, ...]
    """Values of the path's axes, but the agent's, for each group of arrays."""
    agents: tuple[str, ...]
    """What stands for each agent in a path; empty where no path names agents."""
    cell: IntArray
    """Index into ``cells`` of each episode, shape (E,)."""
    index: IntArray
    """Entry on the arrays' episode axis, -1 without one, shape (E,)."""
    start: IntArray
    """First row (or timestep) of each stream, shape (E, S)."""
    count: IntArray
    """Rows of each stream, shape (E, S); 0 where the agent is not there."""
    offset: IntArray
    """Timestep of the stream's first row, shape (E, S)."""
    length: IntArray
    """Joint steps of each episode, shape (E,)."""
    has_final: BoolArray
    """Whether a final observation follows the last step, shape (E,)."""
    ordinal: IntArray
    """Place among the episodes of its group of arrays, those without a step counted too, shape (E,)."""
    final_is_inside: bool = True
    """Whether it is the next row of the same arrays; else others hold it, see `FieldPlan.next_template`."""

    def __post_init__(self) -> None:
        n_episodes = len(self.cell)
        for name in ("cell", "index", "length", "has_final", "ordinal"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_episodes,), name))
        for name in ("start", "count", "offset"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_episodes, None), name))

    @property
    def rows(self) -> IntArray:
        """Rows of each episode, the final observation included, shape (E,)."""
        return self.length + self.has_final

    def of(self, episodes: IntArray) -> tuple["RowPlan", IntArray]:
        """Return the plan of some episodes, and the cells that it keeps, in order."""
        cells, cell = np.unique(self.cell[episodes], return_inverse=True)
        names = ("index", "start", "count", "offset", "length", "has_final", "ordinal")
        parts = {name: getattr(self, name)[episodes] for name in names}
        kept = tuple(self.cells[number] for number in cells.tolist())
        return replace(self, cells=kept, cell=cell, **parts), cells

    def in_order(self, order: IntArray) -> "RowPlan":
        """Return the plan with its episodes in another order."""
        columns = ("cell", "index", "start", "count", "offset", "length", "has_final", "ordinal")
        return replace(self, **{name: getattr(self, name)[order] for name in columns})

    def stream_of(self, agent: int | None) -> int:
        """Return the stream of an agent's own arrays, or of the shared ones."""
        return len(self.agents) if agent is None else agent

    def values_of(self, cell: int, agent: int | None) -> Mapping[Axis, str]:
        """Return the values of the path's axes for one group of arrays, and one agent where agents have their own."""
        values = dict(self.cells[cell])
        if agent is not None:
            values[Axis.AGENT] = self.agents[agent]
        return values
