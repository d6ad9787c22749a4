"""Groups of agents: what a path names is several agents, told apart on an axis of the group's arrays."""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container
from convscope.ingest.mapping import ArrayMapping, Axis, LogMapping
from convscope_loaders.structure.templates import Template, matches

_MARKS = ("array", "lengths", "time", "terminated", "truncated")
_Optional = TypeVar("_Optional", ArrayMapping, ArrayMapping | None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An agent's part of its group's array."""

    path: str
    """Of the group's array."""
    axis: int
    """That of the agents."""
    slot: int


class SplitReader:
    """Reads a group's arrays agent by agent.

    Parameters
    ----------
    file
        Open container.
    parts
        By the path that stands for an agent's part.
    """

    def __init__(self, file: ArrayReader, parts: Mapping[str, Part]) -> None:
        self._file = file
        self._parts = parts

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array, or of an agent's part of one."""
        part = self._parts.get(dataset)
        if part is None:
            return self._file.read(dataset, start, stop)
        if part.axis == 0:
            return self._file.read(part.path, part.slot, part.slot + 1)[(0, slice(start, stop))]
        own = (slice(None),) * part.axis + (part.slot,)
        return self._file.read(part.path, start, stop)[own]

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of an array."""
        return self._file.read_text(dataset)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitStore:
    """A container whose groups are opened agent by agent."""

    store: ArrayStore
    parts: Mapping[str, Part]

    def open(self) -> AbstractContextManager[SplitReader]:
        """Open the container."""
        return _opened(self)


@contextmanager
def _opened(split: SplitStore) -> Generator[SplitReader]:
    with split.store.open() as file:
        yield SplitReader(file, split.parts)


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
    grouped = [array for array in arrays_of(mapping) if _is_grouped(array)]
    parts: dict[str, Part] = {}
    infos: dict[str, ArrayInfo] = {}
    for array in grouped:
        template, axis = Template(text=array.path), array.axes.index(Axis.AGENT)
        for path, values in matches(template, container.inventory.datasets):
            info = container.inventory.datasets[path]
            for slot in range(info.shape[axis] if len(info.shape) > axis else 0):
                own = template.fill({**values, Axis.AGENT: f"{values[Axis.AGENT]}_{slot}"})
                parts[own] = Part(path=path, axis=axis, slot=slot)
                infos[own] = replace(info, path=own, shape=info.shape[:axis] + info.shape[axis + 1 :])
    if not parts:
        return container, mapping
    twice = next((path for path in parts if path in container.inventory.datasets), None)
    if twice is not None:
        raise LogFormatError(f"{parts[twice].path} holds an agent that would be called as {twice}; rename one of them")
    whole = {part.path for part in parts.values()}
    others = {path: info for path, info in container.inventory.datasets.items() if path not in whole}
    inventory = replace(container.inventory, datasets={**others, **infos})
    split = Container(inventory=inventory, store=SplitStore(store=container.store, parts=parts))
    return split, _without_agent_axes(mapping)


def arrays_of(mapping: LogMapping) -> list[ArrayMapping]:
    """Return all arrays that a mapping speaks of."""
    episodes = mapping.episodes
    marks = [] if episodes is None else [getattr(episodes, name) for name in _MARKS]
    roles = None if mapping.roles is None else mapping.roles.array
    labels = [None if label is None else label.array for label in (mapping.run, mapping.checkpoint, mapping.condition)]
    optional = [*marks, mapping.alive, mapping.leaves, roles, *labels]
    return [*(field.array for field in mapping.fields), *(array for array in optional if array is not None)]


def _is_grouped(array: ArrayMapping) -> bool:
    return Axis.AGENT in array.axes and Axis.AGENT in Template(text=array.path).axes


def _without_agent_axes(mapping: LogMapping) -> LogMapping:
    episodes, roles = mapping.episodes, mapping.roles
    return replace(
        mapping,
        fields=tuple(replace(field, array=_split(field.array)) for field in mapping.fields),
        episodes=None
        if episodes is None
        else replace(episodes, **{name: _split(getattr(episodes, name)) for name in _MARKS}),
        roles=None if roles is None else replace(roles, array=_split(roles.array)),
        alive=_split(mapping.alive),
        leaves=_split(mapping.leaves),
    )


def _split(array: _Optional) -> _Optional:
    if array is None or not _is_grouped(array):
        return array
    return replace(array, axes=tuple(axis for axis in array.axes if axis is not Axis.AGENT))
