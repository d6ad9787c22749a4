"""Slots and lists of edges become weights with a receiver and a sender axis before anything else looks at them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.ingest.pair_mapping import Absent, EdgeMapping, SlotMapping, SlotOrder
from convscope.ingest.pair_weights import Numbering, slots_in_order
from convscope_loaders.structure.axis_arrays import AxisArray, PairEnd
from convscope_loaders.structure.edge_steps import NO_STEPS, EdgeSteps, StepsError, find_steps, step_grids
from convscope_loaders.structure.mapped_arrays import arrays_of
from convscope_loaders.structure.pair_checks import PairChecks
from convscope_loaders.structure.pair_team import PairTeam
from convscope_loaders.structure.pair_views import EdgeListView, PairShape, PairView
from convscope_loaders.structure.plan import CONTAINER_AXES
from convscope_loaders.structure.templates import Cell, PathValues, Template, cell_of, matches
from convscope_loaders.structure.views import with_views

_Pairs = PairView | EdgeListView


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedArrays:
    """A container of which every array of weights has a receiver and a sender axis, or the one that its path leaves."""

    container: Container
    mapping: LogMapping
    said: tuple[str, ...] = ()
    """How weights were brought to these axes."""


def with_pairs(container: Container, mapping: LogMapping, *, place: str) -> PairedArrays:
    """Bring weights of slots and of edges to a receiver and a sender axis.

    Parameters
    ----------
    container
        Arrays.
    mapping
        What they mean. Where no field has slots or edges, both are returned as they are.
    place
        The file, for errors.

    Raises
    ------
    MappingError
        If arrays do not fit the weights, it is not said what they mean, or edges belong to no step.
    """
    paired = [field for field in mapping.fields if _is_paired(field)]
    if not paired:
        return PairedArrays(container=container, mapping=mapping)
    axes: dict[str, tuple[Axis, ...]] = {}
    views: dict[str, _Pairs] = {}
    team = PairTeam.of(container.inventory, mapping)
    grids = step_grids(container.inventory, mapping)
    with container.store.open() as file:
        for field in paired:
            checks = PairChecks(mapping=mapping, field=field)
            builder = _Builder(container=container, checks=checks, team=team, grids=grids, file=file, place=place)
            for path, view in builder.views():
                checks.require(path not in views, f"{path} is given as weights already")
                views[path] = view
                axes[field.name] = (*view.axes, *((Axis.VALUE,) if view.weights.values else ()))
    fields = tuple(_plain(field, axes[field.name]) if _is_paired(field) else field for field in mapping.fields)
    known = replace(mapping, fields=fields)
    return PairedArrays(
        container=with_views(_without_lists(container, known, paired), views.values()),
        mapping=known,
        said=tuple(_in_words(field) for field in paired),
    )


def with_pairs_kept(found: LogMapping, declared: LogMapping) -> LogMapping:
    """Return a mapping that was completed after `with_pairs` as it fits the file."""
    own = {field.name: field for field in declared.fields if _is_paired(field)}
    return replace(found, fields=tuple(own.get(field.name, field) for field in found.fields))


def _is_paired(field: FieldMapping) -> bool:
    return field.slots is not None or field.edges is not None or bool({Axis.SLOT, Axis.EDGE} & {*field.array.axes})


def _plain(field: FieldMapping, axes: tuple[Axis, ...]) -> FieldMapping:
    array = replace(field.array, axes=axes, take=())
    return replace(field, array=array, slots=None, edges=None)


def _lists_of(field: FieldMapping) -> Iterator[ArrayMapping]:
    if field.slots is not None and field.slots.array is not None:
        yield field.slots.array
    if field.edges is not None:
        yield from (array for _, array in field.edges.arrays())


def _without_lists(container: Container, mapping: LogMapping, paired: list[FieldMapping]) -> Container:
    """Hide the arrays that were needed to place the weights, unless the mapping names them elsewhere."""
    named = {array.path for array in arrays_of(mapping)}
    lists = {array.path for field in paired for array in _lists_of(field)} - named
    datasets = container.inventory.datasets
    hidden = {path for text in lists for path, _ in matches(Template(text=text), datasets)}
    kept = {path: info for path, info in datasets.items() if path not in hidden}
    return replace(container, inventory=replace(container.inventory, datasets=kept))


def _in_words(field: FieldMapping) -> str:
    slots, edges, path = field.slots, field.edges, field.array.path
    if edges is not None:
        ends = f"from {_column(edges.sender)} to {_column(edges.receiver)}"
        return f"{path} holds weights of edges {ends}; {_ABSENT[edges.absent]}; weights of one and the same pair add up"
    if slots is None or slots.absent is None:
        own = "its own agent, then " if slots is not None and slots.order is SlotOrder.SELF_FIRST else ""
        return f"slots of {path} are {own}all agents but its own, in the order of the agents"
    listed = slots.array.path if slots.array is not None else "the mapping"
    told = f"slots of {path} are the agents that {listed} names; {_ABSENT[slots.absent]}"
    return f"{told}; the weight of an agent in two slots is not known"


_ABSENT = {
    Absent.ZERO: "a pair that is not there has the weight 0",
    Absent.NO_SLOT: "who is not there could not be attended to in that step",
}


def _column(array: ArrayMapping) -> str:
    return f"column {array.take[0]} of {array.path}" if array.take else array.path


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Builder:
    """Makes the views of one field."""

    container: Container
    checks: PairChecks
    team: PairTeam
    grids: Mapping[Cell, EdgeSteps]
    file: ArrayReader
    place: str

    @property
    def field(self) -> FieldMapping:
        return self.checks.field

    def views(self) -> Iterator[tuple[str, _Pairs]]:
        self.checks.declared()
        found = list(matches(Template(text=self.field.array.path), self.container.inventory.datasets))
        self.checks.require(bool(found), f"there is no array {self.field.array.path}")
        for path, values in found:
            if Axis.AGENT in values and values[Axis.AGENT] not in self.team.in_paths:
                continue
            weights = self._axis_array(path, self.field.array)
            if self.field.edges is None:
                yield path, self._slots(weights, values)
            elif {*weights.axes} & {*CONTAINER_AXES}:
                yield path, self._edges(weights, values, self.field.edges)
            else:
                yield path, self._list(weights, values, self.field.edges)

    def _axis_array(self, path: str, array: ArrayMapping) -> AxisArray:
        info = self.container.inventory.datasets.get(path)
        if info is None:
            raise self.checks.fault(f"there is no array {path or array.path}")
        self.checks.numbers(info, array)
        return AxisArray.of(info, array)

    def _beside(self, array: ArrayMapping, values: PathValues) -> AxisArray:
        return self._axis_array(Template(text=array.path).fill(values), array)

    def _slots(self, weights: AxisArray, values: PathValues) -> PairView:
        slots = self.checks.slots()
        n_agents = self.team.size(weights, self.checks)
        self.checks.slot_sizes(weights, n_agents)
        own = self.team.in_paths.index(values[Axis.AGENT]) if Axis.AGENT in values else None
        partner = Axis.SENDER if Axis.SENDER in weights.axes else Axis.RECEIVER
        held = PairEnd(axes=(partner,), held=np.arange(n_agents))
        ends = {
            partner: held if own is None else PairEnd(axes=(), held=np.zeros((), dtype=np.int64)),
            _other(partner): self._slot_end(slots, weights, values, n_agents=n_agents, own=own),
        }
        return PairView(
            weights=weights,
            receiver=ends[Axis.RECEIVER],
            sender=ends[Axis.SENDER],
            shape=PairShape(
                receivers=n_agents if own is None else 1,
                senders=n_agents,
                absent=np.nan if slots.absent is None else slots.absent.weight,
                adds_up=False,
                is_own=own is not None,
            ),
        )

    def _slot_end(
        self, slots: SlotMapping, weights: AxisArray, values: PathValues, *, n_agents: int, own: int | None
    ) -> PairEnd:
        partner = Axis.SENDER if Axis.SENDER in weights.axes else Axis.RECEIVER
        if slots.array is not None:
            array = self._beside(slots.array, values)
            self.checks.fits(array, weights, needs=Axis.SLOT)
            numbering = Numbering(n_agents=n_agents, first=slots.first, empty=slots.empty)
            return self._numbered(array, numbering)
        n_slots = weights.sizes[Axis.SLOT]
        held = (
            self.team.named(slots, n_slots, self.checks)
            if slots.order is None
            else slots_in_order(slots.order, n_agents)
        )
        self.checks.require(held.shape == (n_agents, n_slots), self.checks.slot_count(weights, held.shape[1]))
        return PairEnd(
            axes=(partner, Axis.SLOT) if own is None else (Axis.SLOT,), held=held if own is None else held[own]
        )

    def _numbered(self, array: AxisArray, numbering: Numbering) -> PairEnd:
        place = f"{self.place}:{array.info.path}"
        return PairEnd(axes=array.axes, array=array, numbering=numbering, place=place)

    def _ends(
        self, edges: EdgeMapping, weights: AxisArray, values: PathValues, *, n_agents: int
    ) -> tuple[PairEnd, PairEnd]:
        numbering = Numbering(n_agents=n_agents, first=edges.first, empty=edges.empty)
        arrays = [self._beside(array, values) for array in (edges.receiver, edges.sender)]
        for array in arrays:
            self.checks.fits(array, weights, needs=Axis.EDGE)
        receiver, sender = (self._numbered(array, numbering) for array in arrays)
        return receiver, sender

    def _edges(self, weights: AxisArray, values: PathValues, edges: EdgeMapping) -> PairView:
        n_agents = self.team.size(weights, self.checks)
        self.checks.edges_of_steps(weights, n_agents)
        receiver, sender = self._ends(edges, weights, values, n_agents=n_agents)
        return PairView(weights=weights, receiver=receiver, sender=sender, shape=_shape(edges, n_agents))

    def _list(self, weights: AxisArray, values: PathValues, edges: EdgeMapping) -> EdgeListView:
        n_agents = self.team.size(weights, self.checks)
        receiver, sender = self._ends(edges, weights, values, n_agents=n_agents)
        told = {
            name: self._beside(array, values)
            for name, array in edges.arrays()
            if name in {"step", "episode", "counts", "starts"}
        }
        for name in {"step", "episode"} & {*told}:
            self.checks.fits(told[name], weights, needs=Axis.EDGE)
        grid = self.grids.get(cell_of(values), NO_STEPS)
        n_edges, most = weights.sizes[Axis.EDGE], self.checks.most(n_agents)
        try:
            steps = find_steps(self.file, told, grid, weights=weights.info.path, n_edges=n_edges, most=most)
        except StepsError as error:
            raise self.checks.fault(f"{self.place}:{error}") from error
        return EdgeListView(
            weights=weights,
            receiver=receiver,
            sender=sender,
            shape=_shape(edges, n_agents),
            steps=steps.axes,
            sizes=steps.sizes,
            starts=steps.starts,
        )


def _shape(edges: EdgeMapping, n_agents: int) -> PairShape:
    return PairShape(receivers=n_agents, senders=n_agents, absent=edges.absent.weight, adds_up=True)


def _other(axis: Axis) -> Axis:
    return Axis.RECEIVER if axis is Axis.SENDER else Axis.SENDER
