"""How many agents there are, and in which order, where weights do not have an axis for all of them."""

from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import Inventory
from convscope.ingest.mapping import Axis, LogMapping
from convscope.ingest.names import in_numbered_order
from convscope.ingest.pair_mapping import SlotMapping
from convscope.values.arrays import IntArray
from convscope_loaders.structure.axis_arrays import AxisArray
from convscope_loaders.structure.mapped_arrays import arrays_of
from convscope_loaders.structure.pair_checks import PairChecks
from convscope_loaders.structure.templates import Template, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTeam:
    """The agents of a log, as far as its mapping and the arrays that it names tell."""

    names: tuple[str, ...]
    """As the mapping lists them."""
    in_paths: tuple[str, ...]
    """What stands for each agent in a path, in the order of the log; empty where no path names agents."""
    sizes: frozenset[int]
    """Of axes of agents."""

    @classmethod
    def of(cls, inventory: Inventory, mapping: LogMapping) -> "PairTeam":
        """Look at all arrays that a mapping names."""
        named: dict[str, None] = {}
        sizes: set[int] = set()
        for array in arrays_of(mapping):
            template = Template(text=array.path)
            is_own, at = Axis.AGENT in template.axes, array.axes.index(Axis.AGENT) if Axis.AGENT in array.axes else None
            if is_own and at is not None:  # groups of agents, whose slots have no names here
                continue
            for path, values in matches(template, inventory.datasets):
                shape = inventory.datasets[path].shape
                named |= {values[Axis.AGENT]: None} if is_own else {}
                sizes |= {len(array.take) or shape[at]} if at is not None and at < len(shape) else set()
        known = tuple(name for name in mapping.agents if name in named)
        is_told = known and len(known) in {len(named), len(mapping.agents)}
        return cls(
            names=mapping.agents,
            in_paths=known if is_told else tuple(in_numbered_order(named)),
            sizes=frozenset(sizes),
        )

    def size(self, weights: AxisArray, checks: PairChecks) -> int:
        """Return how many agents there are.

        Raises
        ------
        MappingError
            If nothing tells, or the arrays do not agree.
        """
        told = {size for axis, size in weights.sizes.items() if axis in {Axis.RECEIVER, Axis.SENDER}}
        told |= {n for n in (len(self.names), len(self.in_paths)) if n} | self.sizes
        checks.require(
            bool(told),
            "nothing tells how many agents there are: name them in [agents], or give [fields.actions] as well "
            "(convscope inspect --write-mapping writes both)",
        )
        checks.require(len(told) == 1, f"{min(told)} or {max(told)} agents: the arrays do not agree")
        return min(told)

    def named(self, slots: SlotMapping, n_slots: int, checks: PairChecks) -> IntArray:
        """Return the agents that a mapping names in slots, by their place, shape (agents, slots); -1 for none."""
        names = self.names
        place = {name: number for number, name in enumerate(names)} | {"": -1}
        checks.require(bool(names), "slots that are named need the names of all agents: [agents] names")
        said = [*slots.agents, *(name for listed in slots.agents.values() for name in listed)]
        lost = next((name for name in said if name not in place), None)
        checks.require(lost is None, f"slots name {lost!r}, which is none of the agents")
        held = np.full((len(names), n_slots), -1)
        for name, listed in slots.agents.items():
            checks.require(len(listed) == n_slots, f"{len(listed)} names for the {n_slots} slots of {name!r}")
            held[place[name]] = [place[one] for one in listed]
        return held
