"""Which axes of a file's arrays are episodes, timesteps and agents."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from convscope.ingest.mapping import Axis
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.plan import CONTAINER_AXES
from convscope_loaders.structure.templates import Cell, PathValues, cell_of

_MAX_GROUPS = 32

Sizes: TypeAlias = Mapping[Axis, int]
"""Of the axes that lead the arrays of one group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How arrays are laid out."""

    order: tuple[Axis, ...]
    """Axes that lead an array with all agents: those of the container and the agents' one, in their order."""
    reference: Family
    """The actions, else what comes nearest."""
    n_agents: int
    has_groups: bool
    """Whether what a path names is a group of agents, told apart on an axis of the group's arrays."""
    sizes_of: Mapping[Cell, Sequence[tuple[str | None, Sizes]]]
    """Sizes of the reference in each group of arrays, by the agent that a path names there."""
    largest: tuple[Cell, ...]
    """Groups of arrays with the most rows, which tell the most; the largest first."""
    knows_slots: bool = True
    """Whether it is told which entry of an axis of agents is whose."""
    assumptions: tuple[str, ...] = ()

    @property
    def container(self) -> tuple[Axis, ...]:
        """Axes that lead to a row: (time), (row), (episode, time) or (time, episode)."""
        return tuple(axis for axis in self.order if axis is not Axis.AGENT)

    @property
    def has_agent_axis(self) -> bool:
        """Whether the reference has agents on an axis."""
        return self.has_groups or Axis.AGENT not in self.reference.axes

    def lead(self, family: Family) -> tuple[Axis, ...]:
        """Return the axes that lead an array of a family which has a value for each agent."""
        is_own = Axis.AGENT in family.axes and not self.has_groups
        return self.container if is_own else self.order

    def sizes(self, values: PathValues) -> list[Sizes]:
        """Return the sizes that an array may have in one group; several where agents' own arrays differ."""
        own = values.get(Axis.AGENT)
        here = self.sizes_of.get(cell_of(values), ())
        if own is None:
            return [{**sizes, Axis.AGENT: self.n_agents} for _, sizes in here]
        return [sizes for agent, sizes in here if agent in {None, own}]


def make_layout(
    order: tuple[Axis, ...], reference: Family, *, lead: tuple[Axis, ...], n_named: int = 0
) -> Layout | None:
    """Return the layout that an order of axes makes of the reference; None where its arrays have too few axes.

    Parameters
    ----------
    order
        With the agents' axis.
    reference
        The actions, else what comes nearest.
    lead
        Axes that lead the reference's own arrays.
    n_named
        Number of agents, where neither paths nor axes tell it.
    """
    if any(len(info.shape) < len(lead) for info, _ in reference.members):
        return None
    sizes_of: dict[Cell, list[tuple[str | None, Sizes]]] = defaultdict(list)
    counted: dict[str | None, int] = {}
    for info, values in reference.members:
        agent, sizes = values.get(Axis.AGENT), dict(zip(lead, info.shape, strict=False))
        sizes_of[cell_of(values)].append((agent, sizes))
        counted[agent] = max(counted.get(agent, 0), sizes.get(Axis.AGENT, n_named if agent is None else 1))
    return Layout(
        order=order,
        reference=reference,
        n_agents=sum(counted.values()),
        has_groups=Axis.AGENT in lead and Axis.AGENT in reference.axes,
        sizes_of=sizes_of,
        largest=_with_most_rows(sizes_of),
    )


def declared_layout(families: Sequence[Family], n_named: int) -> Layout | None:
    """Return the layout that declared fields show, the first of them being the reference; None without any.

    Parameters
    ----------
    families
        Of the declared fields, the actions first, with their axes declared.
    n_named
        Number of agents that the mapping names.
    """
    for family in families:
        lead = tuple(axis for axis in family.declared if axis in {*CONTAINER_AXES, Axis.AGENT})
        if set(lead) & set(CONTAINER_AXES):
            order = lead if Axis.AGENT in lead else (*lead, Axis.AGENT)
            return make_layout(order, family, lead=lead, n_named=n_named)
    return None


def _with_most_rows(sizes_of: Mapping[Cell, Sequence[tuple[str | None, Sizes]]]) -> tuple[Cell, ...]:
    rows_of = {
        cell: max(prod(size for axis, size in sizes.items() if axis is not Axis.AGENT) for _, sizes in entries)
        for cell, entries in sizes_of.items()
    }
    return tuple(sorted(rows_of, key=lambda cell: -rows_of[cell])[:_MAX_GROUPS])
