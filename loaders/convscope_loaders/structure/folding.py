"""Agents and parallel environments that share one axis, told apart before anything else looks at them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import MappingError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container
from convscope.ingest.mapping import ArrayMapping, Axis, LogMapping
from convscope_loaders.structure.mapped_arrays import arrays_of, with_arrays
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.structure.views import with_views

_FOLDED = (Axis.AGENT_ENV, Axis.ENV_AGENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfoldedView:
    """An array whose shared axis is told apart: the entry of the episode axis, then the agent."""

    own: ArrayInfo
    """As it is stored."""
    at: int
    """The shared axis."""
    n_agents: int
    is_agent_first: bool
    """Whether all entries of the first agent come before those of the second."""

    @property
    def info(self) -> ArrayInfo:
        """As a mapping without folded axes speaks of it."""
        shape = self.own.shape
        unfolded = (*shape[: self.at], self._n_entries, self.n_agents, *shape[self.at + 1 :])
        return replace(self.own, shape=unfolded, pieces=None)

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows: of another axis, or entries where the shared axis is the first."""
        if self.at:
            return self._unfolded(file.read(self.own.path, start, stop), self._n_entries)
        if not self.is_agent_first:
            return self._unfolded(file.read(self.own.path, start * self.n_agents, stop * self.n_agents), stop - start)
        firsts = [agent * self._n_entries for agent in range(self.n_agents)]
        return np.stack([file.read(self.own.path, first + start, first + stop) for first in firsts], axis=1)

    @property
    def _n_entries(self) -> int:
        return self.own.shape[self.at] // self.n_agents

    def _unfolded(self, array: npt.NDArray[Any], n_entries: int) -> npt.NDArray[Any]:
        both = (self.n_agents, n_entries) if self.is_agent_first else (n_entries, self.n_agents)
        split = array.reshape(*array.shape[: self.at], *both, *array.shape[self.at + 1 :])
        return np.swapaxes(split, self.at, self.at + 1) if self.is_agent_first else split


def unfold(container: Container, mapping: LogMapping) -> tuple[Container, LogMapping]:
    """Return a container, and a mapping of it, without axes that agents share with parallel environments.

    Raises
    ------
    MappingError
        If nothing says how many agents share an axis, or they do not fit it.
    """
    folded = [array for array in arrays_of(mapping) if set(array.axes) & set(_FOLDED)]
    if not folded:
        return container, mapping
    n_agents, n_entries = len(mapping.agents), 0 if mapping.agents else _n_entries(container, mapping)
    views = [
        _view(container.inventory.datasets[path], array, mapping, n_agents=n_agents, n_entries=n_entries)
        for array in folded
        for path, _ in matches(Template(text=array.path), container.inventory.datasets)
    ]
    return with_views(container, views), with_arrays(mapping, _told_apart)


def refolded(found: LogMapping, declared: LogMapping) -> LogMapping:
    """Return a mapping that was completed after `unfold` as it fits the file: what was declared stands as it was."""
    return replace(
        found,
        fields=(*declared.fields, *found.fields[len(declared.fields) :]),
        episodes=declared.episodes or found.episodes,
        alive=declared.alive or found.alive,
        leaves=declared.leaves or found.leaves,
        acting=declared.acting or found.acting,
        roles=declared.roles or found.roles,
    )


def _view(info: ArrayInfo, array: ArrayMapping, mapping: LogMapping, *, n_agents: int, n_entries: int) -> UnfoldedView:
    at = next(place for place, axis in enumerate(array.axes) if axis in _FOLDED)
    size = info.shape[at] if at < len(info.shape) else 0
    if not n_agents and not n_entries:
        raise MappingError(
            f"{mapping.file}: {info.path} holds agents and environments in one axis of {size}; name the agents in "
            "[agents], so that their number is known"
        )
    n_agents = n_agents or size // n_entries
    if not size or not n_agents or size % n_agents or (n_entries and size != n_agents * n_entries):
        raise MappingError(
            f"{mapping.file}: {info.path} {info.shape} does not hold {n_agents or 'any'} agents of "
            f"{n_entries or 'some'} environments on axis {at}"
        )
    return UnfoldedView(own=info, at=at, n_agents=n_agents, is_agent_first=array.axes[at] is Axis.AGENT_ENV)


def _n_entries(container: Container, mapping: LogMapping) -> int:
    """Return the size of the episode axis in an array that has it alone; 0 where none has."""
    for array in arrays_of(mapping):
        if Axis.EPISODE not in array.axes:
            continue
        for path, _ in matches(Template(text=array.path), container.inventory.datasets):
            shape = container.inventory.datasets[path].shape
            return shape[array.axes.index(Axis.EPISODE)] if len(shape) > array.axes.index(Axis.EPISODE) else 0
    return 0


def _told_apart(array: ArrayMapping) -> ArrayMapping:
    axes = [(Axis.EPISODE, Axis.AGENT) if axis in _FOLDED else (axis,) for axis in array.axes]
    return replace(array, axes=tuple(axis for both in axes for axis in both))
