"""From a mapping to the plan of a file's rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import ACTIONS
from convscope_loaders.structure.cells import Cells, find_cells, shape_of
from convscope_loaders.structure.plan import RowPlan
from convscope_loaders.structure.segments import Extent, Segments, find_segments
from convscope_loaders.structure.templates import PathValues, Template

_ROW_AXES = (Axis.ROW, Axis.TIME)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedRows:
    """The plan, and what was seen while making it."""

    plan: RowPlan
    is_open: BoolArray
    """Whether the recording stops in the middle of each episode, shape (E,)."""
    n_empty: int
    """Episodes without a step, left out."""
    without_reference: tuple[str, ...]
    """Where the actions (or what counts the steps in their place) should be and are not, in every group left out."""
    n_outside: int = 0
    """Rows that belong to no episode."""
    n_rows: int = 0
    """Rows that there are."""
    n_headless: int = 0
    """Episodes left out because their beginning may have been written over."""

    def in_order(self, order: IntArray) -> "PlannedRows":
        """Return the plan with its episodes in another order."""
        return replace(self, plan=self.plan.in_order(order), is_open=self.is_open[order])


def plan_rows(inventory: Inventory, file: ArrayReader, mapping: LogMapping, *, place: str) -> PlannedRows:
    """Find every episode of a file and its rows.

    Parameters
    ----------
    inventory
        What the file holds.
    file
        Open file; lists, columns and masks of episodes are read, not the fields.
    mapping
        Complete: with fields and a cut.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If arrays that belong together do not fit.
    """
    reference = reference_field(mapping)
    episodes = mapping.episodes or EpisodeMapping(cut=Cut.WHOLE)
    flags = [array for array in (episodes.array, episodes.terminated, episodes.truncated) if array is not None]
    arrays = [*(field.array for field in mapping.fields), *flags]
    templates = [Template(text=array.path) for array in arrays]
    cells = find_cells(inventory, templates, mapping.agents, is_choice=mapping.file is not None)
    found = [
        (number, _cell(inventory, file, episodes, reference=reference, values=values, cells=cells, place=place))
        for number, values in enumerate(cells.values)
    ]
    parts = [(number, rows) for number, rows in found if rows is not None]
    if not parts:
        raise LogFormatError(f"{place} holds no dataset {reference.array.path}")
    template = Template(text=reference.array.path)
    lacking = [template.fill({**cells.values[number], Axis.AGENT: "*"}) for number, rows in found if rows is None]
    return _joined(cells, parts, tuple(lacking))


def reference_field(mapping: LogMapping) -> FieldMapping:
    """Return the field whose rows are the steps: the actions, else the first one."""
    return next((f for f in mapping.fields if f.name == ACTIONS), mapping.fields[0])


def without_headless(planned: PlannedRows, mapping: LogMapping, headless: Mapping[str, int]) -> PlannedRows:
    """Leave out the first episode of a stream that may have lost its beginning, unless it is the only one there.

    Parameters
    ----------
    planned
        All episodes.
    mapping
        Complete.
    headless
        Arrays that begin in the middle of something, and the axis on which they do.
    """
    plan, array = planned.plan, reference_field(mapping).array
    agents = range(len(plan.agents)) if Axis.AGENT in Template(text=array.path).axes else (None,)
    template = Template(text=array.path)
    axes = [
        [headless.get(template.fill(plan.values_of(cell, agent))) for agent in agents]
        for cell in range(len(plan.cells))
    ]
    has_lost = np.array([any(at is not None and array.axes[at] in _ROW_AXES for at in own) for own in axes])
    streams = np.stack([plan.cell, plan.index], axis=1)
    _, stream, n_beside = np.unique(streams, axis=0, return_inverse=True, return_counts=True)
    is_lost = has_lost[plan.cell] & (plan.start[:, -1] == 0) & (n_beside[stream.reshape(-1)] > 1)
    return replace(planned.in_order(np.flatnonzero(~is_lost)), n_headless=int(is_lost.sum()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _CellRows:
    index: IntArray
    start: IntArray
    count: IntArray
    offset: IntArray
    length: IntArray
    has_final: BoolArray
    is_open: BoolArray
    n_rows: int = 0
    n_outside: int = 0


def _cell(
    inventory: Inventory,
    file: ArrayReader,
    episodes: EpisodeMapping,
    *,
    reference: FieldMapping,
    values: PathValues,
    cells: Cells,
    place: str,
) -> _CellRows | None:
    template = Template(text=reference.array.path)
    has_own = Axis.AGENT in template.axes
    streams: list[Segments | None] = []
    n_rows: list[int] = []
    for agent in cells.agents if has_own else ("",):
        here: PathValues = {**values, Axis.AGENT: agent} if has_own else values
        info = shape_of(inventory, template, here)
        if info is None:
            streams.append(None)
            continue
        extent = extent_of(info.shape, reference.array.axes)
        n_rows.append(extent.rows * (1 if extent.entries is None else extent.entries))
        streams.append(find_segments(file, episodes, here, extent=extent, agents=cells.agents, place=place))
    if not any(stream is not None for stream in streams):
        return None
    aligned = _aligned(streams, n_agents=len(cells.agents), has_own=has_own)
    return replace(aligned, n_rows=sum(n_rows), n_outside=sum(n_rows) - sum(_inside(one) for one in streams if one))


def _inside(stream: Segments) -> int:
    return int((stream.stop - stream.start + stream.has_final).sum())


def extent_of(shape: tuple[int, ...], axes: tuple[Axis, ...]) -> Extent:
    """Return the size of an array along its row or time axis and along its episode axis."""
    by_axis = dict(zip(axes, shape, strict=False))
    rows = next((by_axis[axis] for axis in _ROW_AXES if axis in by_axis), 0)
    return Extent(rows=rows, entries=by_axis.get(Axis.EPISODE))


def _aligned(streams: list[Segments | None], *, n_agents: int, has_own: bool) -> _CellRows:
    labels = np.unique(np.concatenate([s.label for s in streams if s is not None]))
    n_episodes, n_streams = len(labels), n_agents + 1
    start, count, offset = (np.zeros((n_episodes, n_streams), np.int64) for _ in range(3))
    index, is_open, has_final = np.full(n_episodes, -1), np.zeros(n_episodes, bool), np.zeros(n_episodes, bool)
    order = np.full(n_episodes, np.iinfo(np.int64).max)
    for number, stream in enumerate(streams):
        if stream is None:
            continue
        at = np.searchsorted(labels, stream.label)
        if len(np.unique(at)) < len(at):
            raise LogFormatError(
                "an episode number comes back after other episodes; rows of episodes must lie together"
            )
        columns = [number] if has_own else list(range(n_streams))
        for column in columns:
            start[at, column], count[at, column] = stream.start, stream.stop - stream.start
            offset[at, column] = stream.first_time
        index[at] = stream.index
        is_open[at] |= stream.is_open
        has_final[at] |= stream.has_final
        order[at] = np.minimum(order[at], stream.start + np.maximum(stream.index, 0) * (1 << 40))
    # Timesteps may be counted from 0 or 1 in each episode, or through the whole log.
    present = count > 0
    base = np.where(present, offset, np.iinfo(np.int64).max).min(axis=1, keepdims=True)
    offset = np.where(present, offset - base, 0)
    length = np.where(present, offset + count, 0).max(axis=1)
    if has_own:
        start[:, -1], count[:, -1] = start[:, :-1].min(axis=1), length
    by_row = np.argsort(order, kind="stable")
    return _CellRows(
        index=index[by_row],
        start=start[by_row],
        count=count[by_row],
        offset=offset[by_row],
        length=length[by_row],
        has_final=has_final[by_row],
        is_open=is_open[by_row],
    )


def _joined(cells: Cells, parts: list[tuple[int, _CellRows]], lacking: tuple[str, ...]) -> PlannedRows:
    cell = np.concatenate([np.full(len(rows.length), number) for number, rows in parts])
    joined = {
        name: np.concatenate([getattr(rows, name) for _, rows in parts])
        for name in ("index", "start", "count", "offset", "length", "has_final", "is_open")
    }
    joined["ordinal"] = np.concatenate([np.arange(len(rows.length)) for _, rows in parts])
    keep = joined["length"] > 0
    plan = RowPlan(
        cells=cells.values,
        agents=cells.agents,
        cell=cell[keep],
        index=joined["index"][keep],
        start=joined["start"][keep],
        count=joined["count"][keep],
        offset=joined["offset"][keep],
        length=joined["length"][keep],
        has_final=joined["has_final"][keep],
        ordinal=joined["ordinal"][keep],
    )
    return PlannedRows(
        plan=plan,
        is_open=joined["is_open"][keep],
        n_empty=int((~keep).sum()),
        without_reference=lacking,
        n_outside=sum(rows.n_outside for _, rows in parts),
        n_rows=sum(rows.n_rows for _, rows in parts),
    )
