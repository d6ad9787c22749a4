"""Transitions of the policy-gradient baselines: agents and environments are actors in one axis."""

from dataclasses import dataclass, replace

from convscope.errors import AmbiguousLogError
from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope_loaders.jaxmarl.alive import AliveView
from convscope_loaders.jaxmarl.environments import Folding, agent_names, foldings
from convscope_loaders.jaxmarl.fields import actor_array, rollout_mapping
from convscope_loaders.jaxmarl.flags import LOST, EndFlags, end_flags, flag_part, unplaced_flags
from convscope_loaders.jaxmarl.rollout import Rollout
from convscope_loaders.jaxmarl.states import counter_of, messages, states_left_out
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.folding import unfold
from convscope_loaders.structure.known import Known
from convscope_loaders.structure.views import with_views

_ALIVE = "/alive"
"""Path of the view that says who is in the game."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """A rollout of actors."""

    rollout: Rollout

    @property
    def reason(self) -> str:
        """What speaks for it."""
        return f"a Transition of {self.rollout.n_actors} actors in {self.rollout.group or '/'}"

    def understand(self, container: Container, place: str) -> Known:
        """Return what its arrays mean; errors as in `convscope_loaders.jaxmarl.understood.Kind`."""
        rollout = self.rollout
        with container.store.open() as file:
            folding, ends = _told(rollout, container, file, place=place)
            counter = counter_of(rollout.states, file, folding.n_envs)
            left_out, notices = states_left_out(rollout.states, counter, ends.is_end)
            spoken = messages(rollout.states, file, n_agents=folding.n_agents)
        declared = rollout_mapping(rollout, folding, part=ends.part, cut=ends.cut, agents=_agents(rollout, folding))
        heard = tuple(field for field in spoken if field.array.path not in left_out)
        declared = replace(declared, fields=(*declared.fields, *heard), ignore=left_out)
        viewed, known = _with_alive(container, declared, rollout, folding=folding, ends=ends)
        assumptions = _assumptions(rollout, folding, ends)
        return Known(container=viewed, reading=Reading(mapping=known, assumptions=assumptions, notices=notices))


def _told(rollout: Rollout, container: Container, file: ArrayReader, *, place: str) -> tuple[Folding, EndFlags]:
    """Return the one reading of a rollout.

    Raises
    ------
    AmbiguousLogError
        If there are several.
    """
    found = foldings(rollout, container.inventory, file, place=place)
    ways = end_flags(rollout, found[-1], file, place=place) if len(found) == 1 else ()
    if len(ways) == 1:
        return found[-1], ways[0]
    text = mapping_text(
        rollout_mapping(rollout, found[-1], part=flag_part(rollout), cut=Cut.FLAGS, agents=_agents(rollout, found[-1]))
    )
    if ways:
        raise AmbiguousLogError(unplaced_flags(rollout.path("done"), text, place=place), text)
    readings = " or ".join(f"{way.n_agents} agents in {way.n_envs} environments" for way in reversed(found))
    message = (
        f"{place}: the {rollout.n_actors} actors of {rollout.path('action')} may be {readings}; nothing in the file "
        f"tells. Give this mapping with --mapping, with as many names as there are agents:\n{text}"
    )
    raise AmbiguousLogError(message, text)


def _agents(rollout: Rollout, folding: Folding) -> tuple[str, ...]:
    return agent_names(rollout) or tuple(f"agent_{slot}" for slot in range(folding.n_agents))


def _with_alive(
    container: Container, declared: LogMapping, rollout: Rollout, *, folding: Folding, ends: EndFlags
) -> tuple[Container, LogMapping]:
    """Unfold a container and its mapping; where agents are done one by one, add who is still in the game."""
    if not ends.has_own:
        return unfold(container, declared)
    done = actor_array(rollout, "done", folding.axis)
    unfolded, known = unfold(container, replace(declared, alive=done))
    end = rollout.path(ends.part)
    view = AliveView(
        path=_ALIVE, done=unfolded.inventory.datasets[done.path], end=end, is_late=ends.is_late, is_end_late=False
    )
    alive = ArrayMapping(path=_ALIVE, axes=(Axis.TIME, Axis.EPISODE, Axis.AGENT))
    return with_views(unfolded, [view]), replace(known, alive=alive)


def _assumptions(rollout: Rollout, folding: Folding, ends: EndFlags) -> tuple[str, ...]:
    order = "all environments of an agent together, as JaxMARL folds them"
    if folding.axis is Axis.ENV_AGENT:
        order = "all agents of an environment together, as the ends show, though JaxMARL folds them the other way"
    named = agent_names(rollout)
    return (
        f"{rollout.n_actors} actors are {folding.n_agents} agents in {folding.n_envs} environments"
        + (f": {folding.reason}" if folding.reason else ": a team has two agents or more"),
        *([f"actors lie in the order of their agents, {order}"] if folding.n_envs > 1 else []),
        *([f"agents are named as in info: {', '.join(named)}"] if named else []),
        f"{rollout.path(ends.part)} marks the ends; time limits and other ends carry the same flag",
        *([ends.reason] if ends.reason else []),
        *(["an agent whose own flag is set is out of the game until its episode ends"] if ends.has_own else []),
        LOST,
    )
