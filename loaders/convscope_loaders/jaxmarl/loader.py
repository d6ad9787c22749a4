"""The loader of JaxMARL rollouts: knows such a file, and makes a log of it."""

from dataclasses import replace

from convscope.errors import LogFormatError
from convscope.ingest.container import Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.jaxmarl.actors import Actors
from convscope_loaders.jaxmarl.environments import settings
from convscope_loaders.jaxmarl.rollout import find_rollout
from convscope_loaders.jaxmarl.stacked import find_stacked
from convscope_loaders.jaxmarl.timestep import find_timestep
from convscope_loaders.jaxmarl.understood import Kind
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.infer import infer


class JaxmarlLoader:
    """Reads what JaxMARL's baselines collect, one array for each of its parts."""

    name = "jaxmarl"
    description = "rollouts of JaxMARL (Transition or Timestep of its baselines), saved with numpy.savez or in HDF5"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for the parts of a transition."""
        kind = _kind(probe.container.inventory) if probe.container is not None else None
        if kind is None:
            return Match(score=0.0, reason="no Transition (obs, action, reward, done beside global_done or value)")
        return Match(score=0.9, reason=kind.reason)

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
        kind = _kind(container.inventory) if container is not None else None
        if container is None or kind is None:
            raise LogFormatError(f"{place} is no rollout of JaxMARL: {self.sniff(probe).reason}")
        known = kind.understand(container, place)
        with known.container.store.open() as file:
            found = infer(known.container.inventory, file, known.mapping, place=place)
        environment = settings(container.inventory).get("env_name")
        reading = Reading(
            mapping=replace(found.mapping, environment=environment if isinstance(environment, str) else None),
            assumptions=(*known.assumptions, *found.assumptions),
            notices=(*found.notices, *known.notices),
        )
        return build_log(probe, known.container, reading, loader=self.name)


LOADER = JaxmarlLoader()
"""What the entry point names."""


def _kind(inventory: Inventory) -> Kind | None:
    rollout = find_rollout(inventory)
    return Actors(rollout=rollout) if rollout is not None else find_timestep(inventory) or find_stacked(inventory)
