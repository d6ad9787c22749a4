"""Weights of slots and of edges as arrays with a receiver and a sender axis, worked out as they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader
from convscope.ingest.mapping import INNER_AXES, Axis
from convscope.ingest.pair_weights import PairEntries, pair_array
from convscope.values.arrays import FloatArray, IntArray
from convscope_loaders.structure.axis_arrays import AxisArray, PairEnd, Spans
from convscope_loaders.structure.plan import CONTAINER_AXES


@dataclass(frozen=True, slots=True, kw_only=True)
class PairShape:
    """What an array of weights has on its last two axes."""

    receivers: int
    """One where a path names the receiver, else all agents."""
    senders: int
    absent: float
    """What stands in the cell of a pair without a slot or an edge."""
    adds_up: bool
    """Whether several weights of one pair add up."""
    is_own: bool = False
    """Whether a path names the receiver, so that it has no axis."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Of the pairs."""
        return (Axis.SENDER,) if self.is_own else (Axis.RECEIVER, Axis.SENDER)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of these axes."""
        return (self.senders,) if self.is_own else (self.receivers, self.senders)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairView:
    """Weights of which each step has its own slots, or edges."""

    weights: AxisArray
    receiver: PairEnd
    sender: PairEnd
    shape: PairShape

    @property
    def lead(self) -> tuple[Axis, ...]:
        """Axes of steps, and of heads, in the order of the file."""
        outer = tuple(axis for axis in self.weights.axes if axis in CONTAINER_AXES)
        return (*outer, *(axis for axis in self.weights.axes if axis in INNER_AXES))

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Of the view; values follow."""
        return (*self.lead, *self.shape.axes)

    @property
    def info(self) -> ArrayInfo:
        """In the place of the weights."""
        sizes = tuple(self.weights.sizes[axis] for axis in self.lead)
        return _viewed(self.weights, (*sizes, *self.shape.sizes, *self.weights.values))

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        return self.part(file, {0: (start, stop)})

    def part(self, file: ArrayReader, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[Any]:
        """Return a part."""
        own = {axis: spans[place] for place, axis in enumerate(self.lead) if place in spans}
        pairs = tuple(axis for axis in self.weights.axes if axis not in self.lead and axis is not Axis.COLUMN)
        order = (*self.lead, *pairs)
        weight = self.weights.read(file, own, order)
        grid, n_lead = weight.shape[:-1], len(self.lead)
        row = np.arange(prod(grid[:n_lead])).reshape(*grid[:n_lead], *(1,) * len(pairs))
        ends = (row, self.receiver.read(file, own, order), self.sender.read(file, own, order))
        placed, receiver, sender = (np.broadcast_to(end, grid).reshape(-1) for end in ends)
        entries = PairEntries(row=placed, receiver=receiver, sender=sender, weight=weight.reshape(-1, weight.shape[-1]))
        return _array(entries, grid[:n_lead], self.shape, values=self.weights.values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeListView:
    """Weights of edges that stand in one list for all steps."""

    weights: AxisArray
    receiver: PairEnd
    sender: PairEnd
    shape: PairShape
    steps: tuple[Axis, ...]
    """Axes of the steps, one or two."""
    sizes: tuple[int, ...]
    """Of these axes."""
    starts: IntArray
    """First edge of each step, and the number of all edges, shape (steps + 1,)."""

    @property
    def inner(self) -> tuple[Axis, ...]:
        """Axes of heads, in the order of the file."""
        return tuple(axis for axis in self.weights.axes if axis in INNER_AXES)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Of the view; values follow."""
        return (*self.steps, *self.inner, *self.shape.axes)

    @property
    def info(self) -> ArrayInfo:
        """In the place of the weights."""
        inner = tuple(self.weights.sizes[axis] for axis in self.inner)
        return _viewed(self.weights, (*self.sizes, *inner, *self.shape.sizes, *self.weights.values))

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        return self.part(file, {0: (start, stop)})

    def part(self, file: ArrayReader, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[Any]:
        """Return a part: whole steps, whatever is asked of the axes that follow them."""
        own = [np.arange(size)[slice(*spans.get(place, (0, size)))] for place, size in enumerate(self.sizes)]
        steps = np.ravel_multi_index(np.meshgrid(*own, indexing="ij"), self.sizes).reshape(-1)
        grid = tuple(len(one) for one in own)
        if not len(steps):
            return np.empty((*grid, *self.info.shape[len(grid) :]))
        first, last = int(steps[0]), int(steps[-1]) + 1
        bounds = self.starts[first : last + 1]
        place = np.full(last - first, -1)
        place[steps - first] = np.arange(len(steps))
        row = np.repeat(place, np.diff(bounds))
        return self._of_edges(file, {Axis.EDGE: (int(bounds[0]), int(bounds[-1]))}, row, grid=grid)

    def _of_edges(self, file: ArrayReader, edges: Spans, row: IntArray, *, grid: tuple[int, ...]) -> FloatArray:
        order = (Axis.EDGE, *self.inner)
        weight = self.weights.read(file, edges, order)[row >= 0]
        n_inner = weight.shape[1:-1]
        heads = np.arange(prod(n_inner))
        ends = (end.read(file, edges, (Axis.EDGE,))[row >= 0] for end in (self.receiver, self.sender))
        receiver, sender = (np.repeat(end, len(heads)) for end in ends)
        entries = PairEntries(
            row=(row[row >= 0][:, None] * len(heads) + heads).reshape(-1),
            receiver=receiver,
            sender=sender,
            weight=weight.reshape(len(receiver), -1),
        )
        return _array(entries, (*grid, *n_inner), self.shape, values=self.weights.values)


def _viewed(weights: AxisArray, shape: tuple[int, ...]) -> ArrayInfo:
    is_float = np.dtype(weights.info.dtype).kind == "f"
    # Whole numbers have no room for cells without a slot.
    return replace(weights.info, shape=shape, dtype=weights.info.dtype if is_float else "<f8", pieces=None)


def _array(entries: PairEntries, lead: tuple[int, ...], shape: PairShape, *, values: tuple[int, ...]) -> FloatArray:
    sizes = (prod(lead), shape.receivers, shape.senders)
    cells = pair_array(entries, sizes, absent=shape.absent, adds_up=shape.adds_up)
    return cells.reshape(*lead, *shape.sizes, *values)
