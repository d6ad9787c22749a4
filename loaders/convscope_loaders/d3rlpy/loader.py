"""The loader of d3rlpy's data sets: knows both of its layouts, and makes a log of them."""

from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope_loaders.d3rlpy.flat import is_flat, read_flat
from convscope_loaders.d3rlpy.numbered import is_numbered, read_numbered
from convscope_loaders.structure.known import Known, KnownLoader


class D3rlpyLoader(KnownLoader):
    """Reads d3rlpy's HDF5 files."""

    name = "d3rlpy"
    description = "d3rlpy data sets: arrays numbered by episode, or flat with episode_terminals"

    def sniff(self, probe: Probe) -> Match:
        """Look for arrays numbered by episode beside their count, or for the flags of version 1."""
        if probe.hdf5 is None:
            return Match(score=0.0, reason="not an HDF5 file")
        if is_numbered(probe.hdf5):
            return Match(score=0.9, reason="actions_<episode> beside columns, num_episodes and version")
        if is_flat(probe.hdf5):
            return Match(score=0.9, reason="flat arrays with episode_terminals")
        return Match(score=0.0, reason="no actions_<episode> beside num_episodes, and no episode_terminals")

    def known(self, probe: Probe, declared: LogMapping | None) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        AmbiguousLogError
            If nothing tells whether columns are one agent's or several agents'.
        LogFormatError
            If the file is of another kind.
        """
        container = self.container_of(probe)
        read = read_numbered if is_numbered(container.inventory) else read_flat
        return Known(container=container, reading=read(container, declared, place=str(probe.path)))


LOADER = D3rlpyLoader()
"""What the entry point names."""
