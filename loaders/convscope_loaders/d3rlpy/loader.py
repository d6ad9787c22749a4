"""The loader of d3rlpy's data sets: knows both of its layouts, and makes a log of them."""

from convscope.errors import LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.d3rlpy.flat import is_flat, read_flat
from convscope_loaders.d3rlpy.numbered import is_numbered, read_numbered
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.known import open_known, read_known


class D3rlpyLoader:
    """Reads d3rlpy's HDF5 files."""

    name = "d3rlpy"
    description = "d3rlpy data sets: arrays numbered by episode, or flat with episode_terminals"
    requires: tuple[str, ...] = ()
    takes_mapping = True

    def sniff(self, probe: Probe) -> Match:
        """Look for arrays numbered by episode beside their count, or for the flags of version 1."""
        if probe.hdf5 is None:
            return Match(score=0.0, reason="not an HDF5 file")
        if is_numbered(probe.hdf5):
            return Match(score=0.9, reason="actions_<episode> beside columns, num_episodes and version")
        if is_flat(probe.hdf5):
            return Match(score=0.9, reason="flat arrays with episode_terminals")
        return Match(score=0.0, reason="no actions_<episode> beside num_episodes, and no episode_terminals")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log.

        Raises
        ------
        AmbiguousLogError
            If nothing tells whether columns are one agent's or several agents'.
        LogFormatError
            If the file is of another kind, or its arrays do not fit each other.
        """
        container = _container(probe)
        known = _known(container, mapping, place=str(probe.path))
        return open_known(probe, container, known, declared=mapping, loader=self.name)

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        container = _container(probe)
        known = _known(container, mapping, place=str(probe.path))
        return read_known(probe, container, known, declared=mapping).mapping


LOADER = D3rlpyLoader()
"""What the entry point names."""


def _container(probe: Probe) -> Container:
    if probe.container is None or probe.hdf5 is None or not _is_known(probe.hdf5):
        raise LogFormatError(f"{probe.path} is no d3rlpy data set: it has no actions_<episode> beside num_episodes")
    return probe.container


def _is_known(inventory: Inventory) -> bool:
    return is_numbered(inventory) or is_flat(inventory)


def _known(container: Container, declared: LogMapping | None, *, place: str) -> Reading:
    read = read_numbered if is_numbered(container.inventory) else read_flat
    return read(container, declared, place=place)
