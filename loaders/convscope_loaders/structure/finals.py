"""Whether a log holds what was seen after the last step of each episode, and where."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import Axis, Cut, FieldMapping, LogMapping
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import ALL_REWARDS, OBSERVATIONS
from convscope.values.header import Notice
from convscope_loaders.structure.arrays import read_lead
from convscope_loaders.structure.plan import RowPlan
from convscope_loaders.structure.rows import PlannedRows, reference_field
from convscope_loaders.structure.succession import is_same
from convscope_loaders.structure.templates import Template

_CUT_ALONG_TIME = frozenset({Cut.FLAGS, Cut.FIRST_ROWS, Cut.IDS, Cut.TIMES, Cut.SPANS, Cut.ANNOUNCED})
"""Several episodes may lie on one time axis then, of which only the last one could have a final observation."""
_MOST_ENDS = 16
"""Ends of episodes that are looked at before what follows a step is believed."""


def with_finals(
    planned: PlannedRows, inventory: Inventory, file: ArrayReader, *, mapping: LogMapping, may_show_resets: bool
) -> tuple[PlannedRows, tuple[Notice, ...]]:
    """Note which episodes end with a final observation.

    Parameters
    ----------
    planned
        Rows of the steps.
    inventory
        What the file holds.
    file
        Open file; a few rows of observations are read where arrays of their own hold what follows each step.
    mapping
        Complete.
    may_show_resets
        Whether what follows the last step might be the next episode's first observation.

    Returns
    -------
    planned
        With the closing rows.
    notices
        Where what follows the last step is no final observation but the first one of the next episode, as
        environments that reset themselves give it.
    """
    plan = planned.plan
    inside = _inside(plan, inventory, mapping)
    later = [field for field in mapping.fields if field.next_path]
    if inside.any() or not later:
        return replace(planned, plan=replace(plan, has_final=inside)), _on_longer_rewards(plan, inventory, mapping)
    if may_show_resets and any(_shows_resets(plan, inventory, file, field=field) for field in later):
        message = (
            "what follows the last step of an episode is the first observation of the next one there, as environments "
            "that reset themselves give it: final observations are not known"
        )
        return planned, (Notice(code="no-final-observations", message=message, where=later[0].next_path),)
    has_final = np.ones(len(plan.length), bool)
    return replace(planned, plan=replace(plan, has_final=has_final, final_is_inside=False)), ()


def _inside(plan: RowPlan, inventory: Inventory, mapping: LogMapping) -> BoolArray:
    """Return where observations have one row more than actions, or what cuts episodes says so, shape (E,)."""
    observed = next((field for field in mapping.fields if field.name == OBSERVATIONS), None)
    cut = mapping.episodes.cut if mapping.episodes is not None else Cut.WHOLE
    if cut is Cut.FILLED_AND_FINAL:
        return np.ones(len(plan.length), bool)
    if observed is None or cut in _CUT_ALONG_TIME or Axis.TIME not in observed.array.axes:
        return plan.has_final
    reference = reference_field(mapping)
    by_cell = [
        _rows_of(inventory, observed, plan, cell=cell) > _rows_of(inventory, reference, plan, cell=cell)
        for cell in range(len(plan.cells))
    ]
    return np.array(by_cell, dtype=bool)[plan.cell]


def _on_longer_rewards(plan: RowPlan, inventory: Inventory, mapping: LogMapping) -> tuple[Notice, ...]:
    """Say so where rewards have a row more than actions: the reward of a reset may come first."""
    cut = mapping.episodes.cut if mapping.episodes is not None else Cut.WHOLE
    if cut in _CUT_ALONG_TIME:
        return ()
    reference = reference_field(mapping)
    longer = [
        field
        for field in mapping.fields
        if field.name in ALL_REWARDS and Axis.TIME in field.array.axes and not field.is_late
        for cell in range(len(plan.cells))
        if _rows_of(inventory, field, plan, cell=cell) > _rows_of(inventory, reference, plan, cell=cell)
    ]
    if not longer:
        return ()
    path = longer[0].array.path
    message = (
        f"{path} has more rows than there are actions: each action is given the reward of its own row and the last row "
        "is left out; if the first row is the reward of a reset, say late = true for the field in a mapping"
    )
    return (Notice(code="rewards-longer", message=message, where=path),)


def _rows_of(inventory: Inventory, field: FieldMapping, rows: RowPlan, *, cell: int) -> int:
    template = Template(text=field.array.path)
    at = field.array.axes.index(Axis.TIME) if Axis.TIME in field.array.axes else 0
    longest = 0
    for agent in range(len(rows.agents)) if Axis.AGENT in template.axes else (None,):
        info = inventory.datasets.get(template.fill(rows.values_of(cell, agent)))
        longest = max(longest, info.shape[at] if info is not None else 0)
    return longest


def _shows_resets(plan: RowPlan, inventory: Inventory, file: ArrayReader, *, field: FieldMapping) -> bool:
    """Whether what follows the last steps equals what the next episodes begin with, and differs from what they saw."""
    array, later = Template(text=field.array.path), Template(text=field.next_path)
    axes = tuple(axis for axis in field.array.axes if axis not in {Axis.VALUE, Axis.AGENT_VALUE})
    agent = 0 if Axis.AGENT in array.axes else None
    stream = plan.stream_of(agent)
    ends = _followed_ends(plan, stream)[:_MOST_ENDS]
    is_moving = False
    for episode in ends.tolist():
        values = plan.values_of(int(plan.cell[episode]), agent)
        mine, theirs = array.fill(values), later.fill(values)
        if mine not in inventory.datasets or theirs not in inventory.datasets:
            return False
        index, last = plan.index[[episode]], plan.start[[episode], stream] + plan.count[[episode], stream] - 1
        seen, first, after = (
            _row(file, path, axes, index=index, row=row)
            for path, row in ((mine, last), (mine, last + 1), (theirs, last))
        )
        if not is_same(after, first, 0):
            return False
        is_moving = is_moving or not is_same(seen, first, 0)
    return is_moving


def _followed_ends(plan: RowPlan, stream: int) -> IntArray:
    """Return the episodes after whose last row the next episode begins in the same arrays."""
    stop = plan.start[:-1, stream] + plan.count[:-1, stream]
    is_next = (np.diff(plan.cell) == 0) & (np.diff(plan.index) == 0) & (plan.start[1:, stream] == stop)
    return np.flatnonzero(is_next & (plan.count[:-1, stream] > 0))


def _row(
    file: ArrayReader, path: str, axes: tuple[Axis, ...], *, index: IntArray, row: IntArray
) -> npt.NDArray[np.generic]:
    read, origin = read_lead(file, path, axes, index=index, start=row, stop=row + 1)
    lead = [axis for axis in axes if axis in {Axis.EPISODE, Axis.TIME, Axis.ROW}]
    ordered = np.moveaxis(read, [axes.index(axis) for axis in sorted(lead, key=_LEAD.index)], range(len(lead)))
    inside = ordered[int(index[0]) - origin.index] if Axis.EPISODE in axes else ordered
    return np.asarray(inside[int(row[0]) - origin.row])


_LEAD = (Axis.EPISODE, Axis.TIME, Axis.ROW)
