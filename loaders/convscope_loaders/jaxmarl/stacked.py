"""Transitions of the PQN baselines: time, then agents, then environments, each on an axis of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, EpisodeMapping, FieldMapping, LogMapping
from convscope.values import fields as names
from convscope_loaders.jaxmarl.flags import LOST, counted_ends, ways_of_done
from convscope_loaders.jaxmarl.states import counter_of, messages, states_left_out
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.known import Known
from convscope_loaders.structure.only_group import only_group
from convscope_loaders.structure.views import View, with_views

_OF_AGENTS = {
    "action": names.ACTIONS,
    "obs": names.OBSERVATIONS,
    "avail_actions": names.ACTION_MASKS,
    "q_vals": f"{names.INFO}q_vals",
    "last_hs": names.HIDDEN_STATES,
}
_OF_TEAM = ("reward", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamView:
    """An array of the team without its axis of one agent."""

    own: ArrayInfo

    @property
    def info(self) -> ArrayInfo:
        """Of shape (T, E)."""
        return replace(self.own, shape=(self.own.shape[0], self.own.shape[2]))

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        return file.read(self.own.path, start, stop)[:, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedView:
    """An array of the agents with their axis behind that of the environments, as states have it."""

    own: ArrayInfo

    @property
    def info(self) -> ArrayInfo:
        """Of shape (T, E, N, ...)."""
        n_steps, n_agents, n_envs = self.own.shape[:3]
        return replace(self.own, shape=(n_steps, n_envs, n_agents, *self.own.shape[3:]))

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        return np.swapaxes(file.read(self.own.path, start, stop), 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """A rollout of stacked agents."""

    group: str
    """Of the transition; empty for the root."""
    parts: Mapping[str, ArrayInfo]
    states: Mapping[str, ArrayInfo]
    """All others with a row for each step, by path."""

    @property
    def reason(self) -> str:
        """What speaks for it."""
        return f"a Transition with q_vals in {self.group or '/'}"

    def understand(self, container: Container, place: str) -> Known:
        """Return what its arrays mean; errors as in `convscope_loaders.jaxmarl.understood.Kind`."""
        _, n_agents, n_envs = self.parts["action"].shape[:3]
        with container.store.open() as file:
            all_done = np.asarray(file.read(self.parts["done"].path)[:, 0] != 0, dtype=np.bool_)
            counter = counter_of(self.states, file, n_envs)
            # These baselines store the flag before the step apart from it, as last_done.
            ends = ways_of_done(all_done, None if counter is None else counted_ends(counter), place=place)[0]
            left_out, notices = states_left_out(self.states, counter, ends.is_end)
            spoken = messages(self.states, file, n_agents=n_agents)
        heard = tuple(field for field in spoken if field.array.path not in left_out)
        team = {part: ArrayMapping(path=self.parts[part].path, axes=(Axis.TIME, Axis.EPISODE)) for part in _OF_TEAM}
        mapping = LogMapping(
            fields=(*self._fields(), FieldMapping(name=names.TEAM_REWARDS, array=team["reward"]), *heard),
            episodes=EpisodeMapping(cut=ends.cut, array=team["done"]),
            ignore=(*left_out, f"{self.group}/last_done"),
            framework="JaxMARL",
        )
        reading = Reading(
            mapping=mapping,
            assumptions=(
                f"{self.parts['done'].path} marks the ends; time limits and other ends carry the same flag",
                ends.reason,
                LOST,
            ),
            notices=notices,
        )
        return Known(container=with_views(container, self._views()), reading=reading)

    def _fields(self) -> list[FieldMapping]:
        lead = (Axis.TIME, Axis.EPISODE, Axis.AGENT)
        return [
            FieldMapping(
                name=field,
                array=ArrayMapping(
                    path=self.parts[part].path,
                    axes=(*lead, Axis.VALUE) if len(self.parts[part].shape) > 3 else lead,
                ),
            )
            for part, field in _OF_AGENTS.items()
            if self._has_all_agents(part)
        ]

    def _views(self) -> list[View]:
        of_agents = [TurnedView(own=self.parts[part]) for part in _OF_AGENTS if self._has_all_agents(part)]
        return [*of_agents, *(TeamView(own=self.parts[part]) for part in _OF_TEAM)]

    def _has_all_agents(self, part: str) -> bool:
        return part in self.parts and self.parts[part].shape[:3] == self.parts["action"].shape[:3]


def find_stacked(inventory: Inventory) -> Stacked | None:
    """Return the only transition of a file with stacked agents; None where there is none, or several."""
    return only_group(inventory, "/q_vals", _stacked)


def _stacked(inventory: Inventory, group: str) -> Stacked | None:
    plain = {path: info for path, info in inventory.datasets.items() if not info.is_text and not info.columns}
    parts = {path.rsplit("/", 1)[1]: info for path, info in plain.items() if path.rpartition("/")[0] == group}
    if not {"action", "obs", *_OF_TEAM} <= set(parts) or len(parts["action"].shape) not in {3, 4}:
        return None
    n_steps, n_agents, n_envs = parts["action"].shape[:3]
    is_alike = parts["obs"].shape[:3] == (n_steps, n_agents, n_envs) and len(parts["obs"].shape) > 3
    if not is_alike or 0 in parts["action"].shape or any(parts[p].shape != (n_steps, 1, n_envs) for p in _OF_TEAM):
        return None
    own = {f"{group}/{part}" for part in parts}
    states = {
        path: info
        for path, info in plain.items()
        if path not in own and info.shape[:1] == (n_steps,) and len(info.shape) > 1
    }
    return Stacked(group=group, parts=parts, states=states)
