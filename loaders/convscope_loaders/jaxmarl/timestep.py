"""Timesteps of the Q-learning baselines: dictionaries with an array for each agent, and one for all together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import AmbiguousLogError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.names import in_numbered_order
from convscope.values import fields as names
from convscope.values.arrays import BoolArray
from convscope.values.header import Notice, left_out
from convscope_loaders.jaxmarl.alive import AliveView
from convscope_loaders.jaxmarl.flags import LOST, EndFlags, ShownEnds, counted_ends, unplaced_flags, ways_of_done
from convscope_loaders.jaxmarl.states import counter_of, messages, states_left_out
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.known import Known
from convscope_loaders.structure.only_group import only_group
from convscope_loaders.structure.views import with_views

_ALL = "__all__"
_FIELDS = {
    "actions": names.ACTIONS,
    "obs": names.OBSERVATIONS,
    "rewards": names.REWARDS,
    "avail_actions": names.ACTION_MASKS,
}
_COMPULSORY = ("actions", "obs", "rewards", "dones")
_LEAD = (Axis.TIME, Axis.EPISODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestep:
    """A rollout of dictionaries."""

    group: str
    """Of the timestep; empty for the root."""
    agents: tuple[str, ...]
    n_envs: int
    own: Mapping[str, ArrayInfo]
    """Arrays of the timestep, by path."""
    states: Mapping[str, ArrayInfo]
    """All others with a row for each step, by path."""

    @property
    def reason(self) -> str:
        """What speaks for it."""
        return f"a Timestep of {len(self.agents)} agents in {self.group or '/'}"

    def understand(self, container: Container, place: str) -> Known:
        """Return what its arrays mean; errors as in `convscope_loaders.jaxmarl.understood.Kind`."""
        with container.store.open() as file:
            ends = self._told(file, place)
            counter = counter_of(self.states, file, self.n_envs)
            left_out, notices = states_left_out(self.states, counter, ends.is_end)
            spoken = messages(self.states, file, n_agents=len(self.agents))
        heard = tuple(field for field in spoken if field.array.path not in left_out)
        known = self._mapping(ends.cut)
        known = replace(known, fields=(*known.fields, *heard), ignore=left_out)
        shown = self._only_agents(container)
        if ends.has_own:
            views = [self._alive(agent, is_late=ends.is_late) for agent in self.agents]
            shown = with_views(shown, views)
            known = replace(known, alive=ArrayMapping(path="/alive/{agent}", axes=_LEAD))
        said = (*notices, *self._unread())
        return Known(container=shown, reading=Reading(mapping=known, assumptions=_assumptions(ends), notices=said))

    def _path(self, part: str, agent: str) -> str:
        return f"{self.group}/{part}/{agent}"

    def _told(self, file: ArrayReader, place: str) -> EndFlags:
        all_done = _flags(file, self._path("dones", _ALL))
        of_agents = np.stack([_flags(file, self._path("dones", agent)) for agent in self.agents], axis=2)
        ways = ways_of_done(all_done, self._shown(file), place=place)
        if len(ways) == 1:
            return replace(ways[0], has_own=bool((of_agents != all_done[..., None]).any()))
        text = mapping_text(self._mapping(Cut.FLAGS))
        raise AmbiguousLogError(unplaced_flags(self._path("dones", _ALL), text, place=place), text)

    def _shown(self, file: ArrayReader) -> ShownEnds | None:
        """Return the ends as something else than the flags shows them."""
        counter = counter_of(self.states, file, self.n_envs)
        for path, info in self.states.items():
            # LogWrapper says it for each agent after the step.
            if path.endswith("/returned_episode") and info.shape[1] == self.n_envs:
                is_end = _flags(file, path)[:-1]
                return ShownEnds(path=path, is_end=is_end.reshape(*is_end.shape[:2], -1)[..., 0])
        return None if counter is None else counted_ends(counter)

    def _mapping(self, cut: Cut) -> LogMapping:
        fields = [
            FieldMapping(name=field, array=self._array(part, "{agent}", self._path(part, self.agents[0])))
            for part, field in _FIELDS.items()
            if self._path(part, self.agents[0]) in self.own
        ]
        return LogMapping(
            fields=tuple(fields),
            episodes=EpisodeMapping(cut=cut, array=ArrayMapping(path=self._path("dones", _ALL), axes=_LEAD)),
            agents=self.agents,
            framework="JaxMARL",
        )

    def _array(self, part: str, agent: str, like: str) -> ArrayMapping:
        values = (Axis.VALUE,) if len(self.own[like].shape) > 2 else ()
        return ArrayMapping(path=self._path(part, agent), axes=(*_LEAD, *values))

    def _only_agents(self, container: Container) -> Container:
        """Hide what lies beside the agents' arrays, and would be taken for one more agent."""
        hidden = {*self._others()}
        datasets = {path: info for path, info in container.inventory.datasets.items() if path not in hidden}
        return replace(container, inventory=replace(container.inventory, datasets=datasets))

    def _others(self) -> tuple[str, ...]:
        return tuple(path for path in self.own if path.rsplit("/", 1)[1] not in self.agents)

    def _unread(self) -> tuple[Notice, ...]:
        unread = [path for path in self._others() if path != self._path("dones", _ALL)]
        return left_out(unread, "what is of all agents together beside their own, such as global states")

    def _alive(self, agent: str, *, is_late: bool) -> AliveView:
        return AliveView(
            path=f"/alive/{agent}",
            done=self.own[self._path("dones", agent)],
            end=self._path("dones", _ALL),
            is_late=is_late,
            is_end_late=is_late,
        )


def find_timestep(inventory: Inventory) -> Timestep | None:
    """Return the only timestep of a file; None where there is none, or several."""
    return only_group(inventory, f"/dones/{_ALL}", _timestep)


def _timestep(inventory: Inventory, group: str) -> Timestep | None:
    plain = {path: info for path, info in inventory.datasets.items() if not info.is_text and not info.columns}
    inside = [f"{group}/{part}/" for part in ("dones", *_FIELDS)]
    own = {path: info for path, info in plain.items() if any(path.startswith(part) for part in inside)}
    lead = plain[f"{group}/dones/{_ALL}"].shape if f"{group}/dones/{_ALL}" in plain else ()
    agents = in_numbered_order(path.rsplit("/", 1)[1] for path in own if path.startswith(f"{group}/actions/"))
    compulsory = [f"{group}/{part}/{agent}" for part in _COMPULSORY for agent in agents]
    if len(lead) != 2 or 0 in lead or len(agents) < 2 or any(path not in own for path in compulsory):
        return None
    of_agents = [info for path, info in own.items() if path.rsplit("/", 1)[1] in agents]
    if any(info.shape[:2] != lead for info in of_agents) or any(
        own[f"{group}/{part}/{agent}"].shape != lead for part in ("dones", "rewards") for agent in agents
    ):
        return None
    states = {
        path: info
        for path, info in plain.items()
        if path not in own and info.shape[:1] == lead[:1] and len(info.shape) > 1
    }
    return Timestep(group=group, agents=agents, n_envs=lead[1], own=own, states=states)


def _flags(file: ArrayReader, path: str) -> BoolArray:
    return np.asarray(file.read(path) != 0, dtype=np.bool_)


def _assumptions(ends: EndFlags) -> tuple[str, ...]:
    own = ("an agent whose own flag is set is out of the game until its episode ends",) if ends.has_own else ()
    return (
        f"dones/{_ALL} marks the ends; time limits and other ends carry the same flag",
        ends.reason.replace("done is", "dones are"),
        *own,
        LOST,
    )
