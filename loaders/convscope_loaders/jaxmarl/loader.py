"""The loader of JaxMARL rollouts: knows such a file, and makes a log of it."""

from collections.abc import Sequence
from dataclasses import replace

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.loader import Match
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.jaxmarl.environments import Folding, agent_names, foldings, settings
from convscope_loaders.jaxmarl.fields import actor_array, rollout_mapping
from convscope_loaders.jaxmarl.flags import EndFlags, end_flags, flag_part
from convscope_loaders.jaxmarl.rollout import Rollout, find_rollout
from convscope_loaders.jaxmarl.states import ALIVE, AliveView, messages, states_left_out
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.folding import unfold
from convscope_loaders.structure.infer import infer
from convscope_loaders.structure.views import with_views


class JaxmarlLoader:
    """Reads the ``Transition`` of JaxMARL's policy-gradient baselines, one array for each of its parts."""

    name = "jaxmarl"
    description = "rollouts of JaxMARL (the Transition of its baselines), saved with numpy.savez or in HDF5"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for the parts of a transition."""
        rollout = find_rollout(probe.container.inventory) if probe.container is not None else None
        if rollout is None:
            return Match(
                score=0.0, reason="no obs, action, reward and done of (step, actor) beside global_done or value"
            )
        return Match(score=0.9, reason=f"a Transition of {rollout.n_actors} actors in {rollout.group or '/'}")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        AmbiguousLogError
            If the file does not tell the number of agents, or in which row an episode's flag stands.
        LogFormatError
            If it is of another kind, or contradicts itself.
        """
        container, place = probe.container, str(probe.path)
        rollout = find_rollout(container.inventory) if container is not None else None
        if container is None or rollout is None:
            raise LogFormatError(f"{place} holds no Transition of JaxMARL: {self.sniff(probe).reason}")
        with container.store.open() as file:
            folding, ends = _told(rollout, container, file, place=place)
            declared = rollout_mapping(rollout, folding, part=ends.part, cut=ends.cut, agents=_agents(rollout, folding))
            left_out, notices = states_left_out(rollout, folding, ends, file=file)
            spoken = tuple(field for field in messages(rollout, folding, file) if field.array.path not in left_out)
        declared = replace(declared, fields=(*declared.fields, *spoken), ignore=left_out)
        viewed, known = _with_alive(container, declared, rollout, folding=folding, ends=ends)
        with viewed.store.open() as file:
            found = infer(viewed.inventory, file, known, place=place)
        environment = settings(container.inventory).get("env_name")
        reading = Reading(
            mapping=replace(found.mapping, environment=environment if isinstance(environment, str) else None),
            assumptions=(*_assumptions(rollout, folding, ends), *found.assumptions),
            notices=(*found.notices, *notices),
        )
        return build_log(probe, viewed, reading, loader=self.name)


LOADER = JaxmarlLoader()
"""What the entry point names."""


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
        message = (
            f'{place}: {rollout.path("done")} may be the flag after the step (cut = "flags") or the one before it, '
            'set in the first row of the next episode (cut = "first-rows"); nothing in the file tells. Give this '
            f"mapping with --mapping, with the cut that is right:\n{text}"
        )
    else:
        readings = " or ".join(f"{way.n_agents} agents in {way.n_envs} environments" for way in reversed(found))
        message = (
            f"{place}: the {rollout.n_actors} actors of {rollout.path('action')} may be {readings}; nothing in the "
            f"file tells. Give this mapping with --mapping, with as many names as there are agents:\n{text}"
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
    view = AliveView(done=unfolded.inventory.datasets[done.path], end=end, is_late=ends.is_late)
    alive = ArrayMapping(path=ALIVE, axes=(Axis.TIME, Axis.EPISODE, Axis.AGENT))
    return with_views(unfolded, [view]), replace(known, alive=alive)


def _assumptions(rollout: Rollout, folding: Folding, ends: EndFlags) -> Sequence[str]:
    order = "all environments of an agent together, as JaxMARL folds them"
    if folding.axis is Axis.ENV_AGENT:
        order = "all agents of an environment together, as the ends show, though JaxMARL folds them the other way"
    named = agent_names(rollout)
    return [
        f"{rollout.n_actors} actors are {folding.n_agents} agents in {folding.n_envs} environments"
        + (f": {folding.reason}" if folding.reason else ": a team has two agents or more"),
        *([f"actors lie in the order of their agents, {order}"] if folding.n_envs > 1 else []),
        *([f"agents are named as in info: {', '.join(named)}"] if named else []),
        f"{rollout.path(ends.part)} marks the ends; time limits and other ends carry the same flag",
        *([ends.reason] if ends.reason else []),
        *(["an agent whose own flag is set is out of the game until its episode ends"] if ends.has_own else []),
        "the observation after an episode's last step is lost: the environments reset themselves within the step",
    ]
