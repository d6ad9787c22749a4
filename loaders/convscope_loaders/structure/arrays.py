"""Arrays of a file, brought to one order of axes: episode, row, then agents, then values."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader, read_part
from convscope.ingest.mapping import INNER_AXES, Axis
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import Level
from convscope_loaders.structure.plan import FieldPlan

_ORDER = (Axis.EPISODE, Axis.TIME, Axis.ROW, Axis.AGENT, Axis.ENTITY, *INNER_AXES, Axis.RECEIVER, Axis.SENDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The first entries that an array in memory holds of its dataset."""

    index: int
    """On the episode axis."""
    row: int
    """On the row or time axis."""


def read_lead(
    file: ArrayReader, path: str, axes: tuple[Axis, ...], *, index: IntArray, start: IntArray, stop: IntArray
) -> tuple[npt.NDArray[Any], Origin]:
    """Read the part of a dataset that some episodes need.

    Parameters
    ----------
    file
        Open file.
    path
        The dataset.
    axes
        Of the array.
    index, start, stop
        Entry on the episode axis and rows of each episode.
    """
    spans: dict[int, tuple[int, int]] = {}
    origin = Origin(index=0, row=0)
    for place, axis in enumerate(axes):
        if axis is Axis.EPISODE:
            spans[place] = int(index.min()), int(index.max()) + 1
            origin = replace(origin, index=spans[place][0])
        elif axis in {Axis.ROW, Axis.TIME}:
            spans[place] = int(start.min()), int(stop.max())
            origin = replace(origin, row=spans[place][0])
    return read_part(file, path, spans), origin


def canonical(array: npt.NDArray[Any], plan: FieldPlan) -> FloatArray:
    """Return an array with its axes in order, agents and entities chosen, values in the field's shape.

    Returns
    -------
    FloatArray
        (episode?, row, agent?, ...values) for agent and team fields, (episode?, row, ...values, receiver, sender)
        for pair fields.
    """
    ordered = np.moveaxis(array, _sources(plan.axes), range(len(plan.axes)))
    n_lead = sum(axis in {Axis.EPISODE, Axis.TIME, Axis.ROW} for axis in plan.axes)
    if plan.take:
        ordered = np.take(ordered, plan.take, axis=n_lead)
    values = _numbers(ordered)
    if plan.is_one_hot:
        values = _symbols(values)
    return _shaped(values, plan, n_lead)


def _sources(axes: tuple[Axis, ...]) -> list[int]:
    return sorted(range(len(axes)), key=lambda place: _ORDER.index(axes[place]))


def _numbers(array: npt.NDArray[Any]) -> FloatArray:
    return np.asarray(array, dtype=np.float64)


def _symbols(one_hot: FloatArray) -> FloatArray:
    """Return the place of the one; NaN where there is none, as in padding."""
    known = np.where(np.isnan(one_hot), -np.inf, one_hot)
    return np.where((known > 0).any(axis=-1), known.argmax(axis=-1).astype(np.float64), np.nan)


def _shaped(values: FloatArray, plan: FieldPlan, n_lead: int) -> FloatArray:
    lead = values.shape[:n_lead]
    if plan.spec.level is Level.PAIR:
        n_ends = 1 if Axis.AGENT in plan.template.axes else 2
        first = n_lead + sum(axis in INNER_AXES for axis in plan.axes)
        # What stands in a cell, such as a message, comes before receiver and sender.
        last = np.moveaxis(values, range(first, first + n_ends), range(-n_ends, 0))
        return last.reshape(*lead, *plan.spec.shape, *last.shape[-n_ends:])
    if plan.spec.level is Level.TEAM:
        return values.reshape(*lead, *plan.spec.shape)
    if Axis.AGENT in plan.template.axes:
        # Agents of other spaces have fewer columns; what they lack stays missing.
        inner = values.shape[n_lead:]
        return values.reshape(*lead, prod(inner)) if plan.spec.shape else values.reshape(lead)
    if Axis.AGENT not in plan.axes and plan.spec.widths is not None:
        return _divided(values.reshape(*lead, -1), plan.spec.widths)
    shaped = values.reshape(*lead, plan.n_agents, *plan.spec.shape)
    return _without_padding(shaped, plan.spec.widths, n_lead)


def _divided(joint: FloatArray, widths: tuple[int, ...]) -> FloatArray:
    """Return columns that lie side by side, agent by agent, as (..., agent, widest); what narrower ones lack is NaN."""
    parts = np.split(joint, np.cumsum(widths)[:-1], axis=-1)
    divided = np.full((*joint.shape[:-1], len(widths), max(widths)), np.nan)
    for agent, part in enumerate(parts):
        divided[..., agent, : part.shape[-1]] = part
    return divided


def _without_padding(values: FloatArray, widths: tuple[int, ...] | None, n_lead: int) -> FloatArray:
    if widths is None:
        return values
    is_padding = np.arange(values.shape[-1]) >= np.array(widths)[:, None]
    return np.where(is_padding.reshape((1,) * n_lead + is_padding.shape), np.nan, values)
