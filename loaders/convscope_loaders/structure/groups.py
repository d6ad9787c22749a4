"""Groups of agents: what a path names is several agents, told apart on an axis of the group's arrays."""

from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container
from convscope.ingest.mapping import ArrayMapping, Axis, LogMapping
from convscope_loaders.structure.mapped_arrays import arrays_of, with_arrays
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.structure.views import with_views


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    """An agent's part of its group's array."""

    path: str
    """What it is called."""
    own: ArrayInfo
    """The group's array."""
    axis: int
    """That of the agents."""
    slot: int

    @property
    def info(self) -> ArrayInfo:
        """Without the axis of agents."""
        shape = self.own.shape[: self.axis] + self.own.shape[self.axis + 1 :]
        return ArrayInfo(path=self.path, shape=shape, dtype=self.own.dtype, columns=self.own.columns)

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows of the agent."""
        if self.axis == 0:
            return file.read(self.own.path, self.slot, self.slot + 1)[(0, slice(start, stop))]
        own = (slice(None),) * self.axis + (self.slot,)
        return file.read(self.own.path, start, stop)[own]


def split_groups(container: Container, mapping: LogMapping) -> tuple[Container, LogMapping]:
    """Give each agent of a group arrays of its own, called ``<group>_<slot>``.

    Parameters
    ----------
    container
        Arrays.
    mapping
        What they mean. Arrays with agents both in their path and on an axis are groups; without any, both are returned
        as they are.

    Raises
    ------
    LogFormatError
        If an agent would be called as a group is.
    """
    datasets = container.inventory.datasets
    grouped = [array for array in arrays_of(mapping) if _is_grouped(array)]
    views = [
        SlotView(
            path=template.fill({**values, Axis.AGENT: f"{values[Axis.AGENT]}_{slot}"}), own=info, axis=axis, slot=slot
        )
        for template, axis in ((Template(text=array.path), array.axes.index(Axis.AGENT)) for array in grouped)
        for path, values in matches(template, datasets)
        for info in (datasets[path],)
        for slot in range(info.shape[axis] if len(info.shape) > axis else 0)
    ]
    if not views:
        return container, mapping
    twice = next((view for view in views if view.path in datasets), None)
    if twice is not None:
        raise LogFormatError(
            f"{twice.own.path} holds an agent that would be called as {twice.path}; rename one of them"
        )
    whole = {view.own.path for view in views}
    others = {path: info for path, info in datasets.items() if path not in whole}
    kept = replace(container, inventory=replace(container.inventory, datasets=others))
    return with_views(kept, views), with_arrays(mapping, _split)


def _is_grouped(array: ArrayMapping) -> bool:
    return Axis.AGENT in array.axes and Axis.AGENT in Template(text=array.path).axes


def _split(array: ArrayMapping) -> ArrayMapping:
    if not _is_grouped(array):
        return array
    return replace(array, axes=tuple(axis for axis in array.axes if axis is not Axis.AGENT))
