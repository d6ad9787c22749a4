"""Which step each edge of a list belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import Axis, LogMapping
from convscope.values.arrays import FloatArray, IntArray
from convscope_loaders.structure.axis_arrays import AxisArray
from convscope_loaders.structure.mapped_arrays import arrays_of
from convscope_loaders.structure.plan import CONTAINER_AXES
from convscope_loaders.structure.rows import reference_field
from convscope_loaders.structure.templates import Cell, Template, cell_of, matches

_AT_A_TIME = 1 << 20
_MOST_STEPS = 1 << 28
"""Steps of which a list may say how many edges they have; it is held in memory."""
_STEPS = ((Axis.ROW,), (Axis.TIME,))
_GRIDS = (*_STEPS, (Axis.EPISODE, Axis.TIME), (Axis.TIME, Axis.EPISODE))
_HINT = "a list of edges needs step (the row of each edge, in rising order), counts or starts"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeSteps:
    """The steps that edges may belong to, and where each one's begin."""

    axes: tuple[Axis, ...]
    sizes: tuple[int, ...]
    starts: IntArray
    """First edge of each step, and the number of all edges; empty while that is not known."""


NO_STEPS = EdgeSteps(axes=(), sizes=(), starts=np.zeros(0, np.int64))
"""Where nothing tells what steps there are."""


class StepsError(Exception):
    """Lists that do not tell the step of every edge; the message begins with an array."""


def step_grids(inventory: Inventory, mapping: LogMapping) -> Mapping[Cell, EdgeSteps]:
    """Return the steps of each group of arrays, as the first field that has any shows them, the actions before others.

    Parameters
    ----------
    inventory
        What the file holds.
    mapping
        What its arrays mean.
    """
    reference = reference_field(mapping).array
    for array in sorted(arrays_of(mapping), key=lambda array: array is not reference):
        axes = tuple(axis for axis in array.axes if axis in CONTAINER_AXES)
        if axes not in _GRIDS:
            continue
        sizes: dict[Cell, tuple[int, ...]] = {}
        for path, values in matches(Template(text=array.path), inventory.datasets):
            shape = dict(zip(array.axes, inventory.datasets[path].shape, strict=False))
            own = tuple(shape.get(axis, 0) for axis in axes)
            # Of agents with arrays of their own the longest one lived to see every step.
            sizes[cell_of(values)] = max(sizes.get(cell_of(values), own), own)
        return {cell: EdgeSteps(axes=axes, sizes=own, starts=np.zeros(0, np.int64)) for cell, own in sizes.items()}
    return {}


def find_steps(
    file: ArrayReader, told: Mapping[str, AxisArray], grid: EdgeSteps, *, weights: str, n_edges: int, most: int
) -> EdgeSteps:
    """Return the steps of a list of edges.

    Parameters
    ----------
    file
        Open file; the list of steps is read once, a part at a time.
    told
        Arrays that say it, by their key in a mapping file.
    grid
        The steps of the log.
    weights
        Path of the list's weights.
    n_edges
        Length of the list.
    most
        Edges that one step may have.

    Raises
    ------
    StepsError
        If some edge belongs to no step, or to too many, or the list is not in the order of steps.
    """
    if "step" in told:
        steps = _by_step(file, told, grid, n_edges=n_edges, most=most)
    elif "counts" in told:
        steps = _by_counts(file, told["counts"], grid, n_edges=n_edges)
    elif "starts" in told:
        steps = _by_starts(file, told["starts"], grid, n_edges=n_edges)
    else:
        raise StepsError(f"{weights}: nothing tells which step each edge belongs to: {_HINT}")
    widest = int(np.diff(steps.starts).max(initial=0))
    if widest > most:
        raise StepsError(
            f"{weights}: a step has {widest:,} edges; more than {most:,} (four for each pair) are not read"
        )
    return steps


def _by_step(
    file: ArrayReader, told: Mapping[str, AxisArray], grid: EdgeSteps, *, n_edges: int, most: int
) -> EdgeSteps:
    place, n_steps = told["step"].info.path, prod(grid.sizes)
    has_episodes = "episode" in told
    if not grid.axes or (Axis.EPISODE in grid.axes) != has_episodes:
        wanted = "episode and step" if Axis.EPISODE in grid.axes else "step alone"
        hint = (
            "give [fields.actions] as well (convscope inspect --write-mapping)"
            if not grid.axes
            else f"{wanted} tell it here"
        )
        raise StepsError(f"{place}: which steps of the log are meant is not known: {hint}")
    if n_edges > most * n_steps:
        raise StepsError(f"{place} has {n_edges:,} edges, more than {most:,} for each of {n_steps:,} steps")
    counts, last = np.zeros(n_steps, dtype=np.int64), 0
    for number in _numbers(file, told, grid, n_edges=n_edges):
        if len(number) and (number[0] < last or (np.diff(number) < 0).any()):
            raise StepsError(f"{place} is not in rising order: sort the edges by their steps")
        last = int(number[-1]) if len(number) else last
        counts += np.bincount(number, minlength=n_steps)
    return EdgeSteps(axes=grid.axes, sizes=grid.sizes, starts=_cumulated(counts))


def _numbers(file: ArrayReader, told: Mapping[str, AxisArray], grid: EdgeSteps, *, n_edges: int) -> Iterator[IntArray]:
    """Return the number of each edge's step, counted over all axes of steps, a part of the list at a time."""
    by_axis = dict(zip(grid.axes, grid.sizes, strict=True))
    n_times = by_axis[grid.axes[-1] if grid.axes[-1] is not Axis.EPISODE else grid.axes[0]]
    for first in range(0, n_edges, _AT_A_TIME):
        span = {Axis.EDGE: (first, min(first + _AT_A_TIME, n_edges))}
        step = _whole(told["step"].read(file, span, (Axis.EDGE,))[:, 0], n_times, told["step"].info.path)
        if "episode" not in told:
            yield step
            continue
        place, n_episodes = told["episode"].info.path, by_axis[Axis.EPISODE]
        episode = _whole(told["episode"].read(file, span, (Axis.EDGE,))[:, 0], n_episodes, place)
        at = {Axis.EPISODE: episode, Axis.TIME: step}
        yield np.ravel_multi_index(tuple(at[axis] for axis in grid.axes), grid.sizes)


def _by_counts(file: ArrayReader, array: AxisArray, grid: EdgeSteps, *, n_edges: int) -> EdgeSteps:
    place, axes, sizes = array.info.path, tuple(array.sizes), tuple(array.sizes.values())
    if not axes or axes != (grid.axes or axes) or {*axes} - {*CONTAINER_AXES} or prod(sizes) > _MOST_STEPS:
        raise StepsError(f"{place} {array.info.shape} does not count the edges of each step")
    counts = _whole(array.read(file, {}, axes).reshape(-1), n_edges + 1, place)
    if int(counts.sum()) != n_edges:
        raise StepsError(f"{place} counts {int(counts.sum()):,} edges, and there are {n_edges:,}")
    return EdgeSteps(axes=axes, sizes=sizes, starts=_cumulated(counts))


def _by_starts(file: ArrayReader, array: AxisArray, grid: EdgeSteps, *, n_edges: int) -> EdgeSteps:
    place, axes = array.info.path, tuple(array.sizes)
    if axes not in _STEPS or axes != (grid.axes or axes) or prod(array.sizes.values()) > _MOST_STEPS:
        raise StepsError(f'{place}: starts of edges have one axis of steps, "row" or "time"')
    starts = _whole(array.read(file, {}, axes)[:, 0], n_edges + 1, place)
    # The list may be closed by the number of all edges.
    is_open = len(starts) == prod(grid.sizes) if grid.axes else starts[-1:].tolist() != [n_edges]
    whole = np.append(starts, n_edges) if is_open else starts
    if whole[0] != 0 or whole[-1] != n_edges or (np.diff(whole) < 0).any():
        raise StepsError(f"{place} must begin with 0, never fall, and end with {n_edges:,}, the number of edges")
    return EdgeSteps(axes=axes, sizes=(len(whole) - 1,), starts=whole)


def _whole(numbers: FloatArray, size: int, place: str) -> IntArray:
    is_wrong = ~((numbers >= 0) & (numbers < size) & (numbers == np.floor(numbers)))
    if is_wrong.any():
        odd = float(numbers[is_wrong][0])
        raise StepsError(f"{place} holds {odd:.17g}; it should be a whole number from 0 to {size - 1:,}")
    return numbers.astype(np.int64)


def _cumulated(counts: IntArray) -> IntArray:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
