"""The loader of JaxMARL rollouts: knows such a file, and makes a log of it."""

from dataclasses import replace

from convscope.errors import LogFormatError
from convscope.ingest.container import Inventory
from convscope.ingest.loader import Match
from convscope.ingest.probe import Probe
from convscope_loaders.jaxmarl.actors import Actors
from convscope_loaders.jaxmarl.environments import settings
from convscope_loaders.jaxmarl.rollout import find_rollout
from convscope_loaders.jaxmarl.stacked import find_stacked
from convscope_loaders.jaxmarl.timestep import find_timestep
from convscope_loaders.jaxmarl.understood import Kind
from convscope_loaders.structure.known import FixedLoader, Known, read_known


class JaxmarlLoader(FixedLoader):
    """Reads what JaxMARL's baselines collect, one array for each of its parts."""

    name = "jaxmarl"
    description = "rollouts of JaxMARL (Transition or Timestep of its baselines), saved with numpy.savez or in HDF5"

    def sniff(self, probe: Probe) -> Match:
        """Look for the parts of a transition."""
        kind = _kind(probe.container.inventory) if probe.container is not None else None
        if kind is None:
            return Match(score=0.0, reason="no Transition (obs, action, reward, done beside global_done or value)")
        return Match(score=0.9, reason=kind.reason)

    def known(self, probe: Probe) -> Known:
        """Return the arrays and what they mean.

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
        environment = settings(container.inventory).get("env_name")
        found = read_known(probe, known, declared=None)
        mapping = replace(found.mapping, environment=environment if isinstance(environment, str) else None)
        return replace(known, reading=replace(found, mapping=mapping))


LOADER = JaxmarlLoader()
"""What the entry point names."""


def _kind(inventory: Inventory) -> Kind | None:
    rollout = find_rollout(inventory)
    return Actors(rollout=rollout) if rollout is not None else find_timestep(inventory) or find_stacked(inventory)
