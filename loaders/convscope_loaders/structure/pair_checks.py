"""What a mapping says of slots and edges, held against the arrays: what cannot be right is an error with its line."""

from dataclasses import dataclass

from convscope.errors import MappingError
from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping import INNER_AXES, ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.ingest.pair_mapping import Absent, SlotMapping, SlotOrder
from convscope.values.fields import INFO, PAIR_INTERVENTIONS, Level, level_of
from convscope_loaders.structure.axis_arrays import AxisArray
from convscope_loaders.structure.plan import CONTAINER_AXES
from convscope_loaders.structure.templates import Template

_MOST_SLOTS = 16
"""Slots for each agent that there is; more are a mistake, and would take memory that no block of rows is sized for."""
_MOST_EDGES = 4
"""Edges of one step for each ordered pair of agents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairChecks:
    """Checks one field of a mapping."""

    mapping: LogMapping
    field: FieldMapping

    def fault(self, message: str) -> MappingError:
        """Return an error that names the field and its line."""
        place = ("fields", self.field.name)
        return MappingError(f"{self.mapping.place(*place)}: [{'.'.join(place)}] {message}")

    def require(self, is_right: bool, message: str) -> None:  # noqa: FBT001 - reads like a sentence
        """Raise unless something holds."""
        if not is_right:
            raise self.fault(message)

    def declared(self) -> None:
        """Make sure that the axes are those of slots or of edges, and that it is said which pairs they are."""
        axes, field = {*self.field.array.axes}, self.field
        name = field.name
        self.require(
            level_of(name) is Level.PAIR or name.startswith(INFO), "slots and edges are of weights between agents"
        )
        listed = field.slots or field.edges
        is_shut = listed is not None and listed.absent is Absent.NO_SLOT and name == PAIR_INTERVENTIONS
        self.require(not is_shut, f'a pair without an intervention is absent = "{Absent.ZERO}"')
        both = field.slots is not None and field.edges is not None
        self.require(not both, "slots and edges are two ways to say it; leave one of them out")
        if field.edges is not None:
            odd = axes & {Axis.SLOT, Axis.RECEIVER, Axis.SENDER, Axis.AGENT}
            is_own = Axis.AGENT in Template(text=field.array.path).axes
            self.require(
                Axis.EDGE in axes and not odd and not is_own,
                'weights of edges have an axis "edge" in the place of "receiver" and "sender"',
            )
            return
        self.require(
            Axis.SLOT in axes or field.slots is None,
            'has slots but no axis "slot": it stands in the place of "sender" (or of "receiver")',
        )
        self.require(Axis.EDGE not in axes, 'has an axis "edge": edges say which pairs they are (sender, receiver)')
        ends = axes & {Axis.RECEIVER, Axis.SENDER}
        is_own = Axis.AGENT in Template(text=field.array.path).axes
        self.require(
            len(ends) + is_own == 1,
            'an axis "slot" needs one of the axes "receiver" and "sender", or {agent} in the path, which is the '
            "receiver then: whose slots they are",
        )

    def slots(self) -> SlotMapping:
        """Return what is said of slots, which cannot be guessed."""
        if self.field.slots is None:
            raise self.fault(
                f'which agent each slot is can be read in several ways: slots = "{SlotOrder.OTHERS}" (all but its own, '
                f'in the order of the agents), "{SlotOrder.SELF_FIRST}", or a table with the path of their numbers '
                "(nearest first, say)"
            )
        return self.field.slots

    def numbers(self, info: ArrayInfo, array: ArrayMapping) -> None:
        """Make sure that an array holds numbers, has the axes that are named, and one column of them is meant."""
        self.require(not info.is_text and not info.columns, f"{info.path} holds texts or records, not numbers")
        axes = tuple(axis for axis in array.axes if axis is not Axis.VALUE)
        named = ", ".join(axes)
        self.require(len(axes) <= len(info.shape), f"{info.path} {info.shape} has not the axes {named}")
        self.require(len({*axes}) == len(axes), f"axes of {info.path} name one of them twice")
        if Axis.COLUMN in axes:
            size = info.shape[axes.index(Axis.COLUMN)]
            is_one = len(array.take) == 1 and array.take[0] < size
            self.require(is_one, f"{info.path} {info.shape} has an axis of columns: take names the one that is meant")

    def fits(self, array: AxisArray, weights: AxisArray, *, needs: Axis) -> None:
        """Make sure that an array of agents has the axis of slots or edges, and others that the weights have."""
        own, theirs = array.sizes, weights.sizes
        what = f"{array.info.path} {array.info.shape}"
        self.require(needs in own, f'{what} has no axis "{needs}"')
        odd = next((axis for axis, size in own.items() if theirs.get(axis) != size), None)
        self.require(odd is None, f"{what} and {weights.info.path} {weights.info.shape} differ on the axis {odd}")
        lead = {*CONTAINER_AXES} & {*theirs}
        self.require(needs is Axis.SLOT or lead <= {*own}, f"{what} has no axis for the steps that its weights have")
        self.require(
            needs is Axis.SLOT or not {*INNER_AXES} & {*own}, f"{what}: edges are the same for all heads of a step"
        )

    def slot_sizes(self, weights: AxisArray, n_agents: int) -> None:
        """Make sure that slots are no more than agents could fill."""
        n_slots = weights.sizes[Axis.SLOT]
        self.require(n_slots <= _MOST_SLOTS * n_agents, self.slot_count(weights, n_agents - 1))

    def slot_count(self, weights: AxisArray, wanted: int) -> str:
        """Return what is said of a wrong number of slots."""
        what = f"{weights.info.path} {weights.info.shape} has {weights.sizes[Axis.SLOT]} slots"
        return f"{what}, which cannot be {wanted} agents"

    def edges_of_steps(self, weights: AxisArray, n_agents: int) -> None:
        """Make sure that a step has no more edges than pairs could have."""
        n_edges, most = weights.sizes[Axis.EDGE], self.most(n_agents)
        self.require(
            n_edges <= most,
            f"{weights.info.path} {weights.info.shape} has {n_edges} edges a step; {n_agents} agents are "
            f"{n_agents**2} pairs, and more than {most} edges are not read",
        )

    @staticmethod
    def most(n_agents: int) -> int:
        """Return how many edges one step may have."""
        return _MOST_EDGES * n_agents**2
