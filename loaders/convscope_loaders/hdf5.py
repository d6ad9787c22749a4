"""Any HDF5 file with trajectories: its arrays are understood by their names, shapes and numbers, or by a mapping."""

from convscope.errors import LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.generic import match_by_names, open_by_structure, propose_mapping


class Hdf5Loader:
    """Reads HDF5 files of no known framework."""

    name = "hdf5"
    description = "any HDF5 file: its structure is inferred, or declared in a mapping file"
    requires: tuple[str, ...] = ()
    takes_mapping = True

    def sniff(self, probe: Probe) -> Match:
        """Look for arrays that are called actions, observations or positions."""
        if probe.hdf5 is None:
            return Match(score=0.0, reason="not an HDF5 file")
        foreign = _foreign(probe.hdf5)
        return match_by_names(probe.hdf5) if foreign is None else Match(score=0.0, reason=foreign)

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log; errors as in `convscope_loaders.structure.generic.open_by_structure`."""
        return open_by_structure(probe, _container(probe, mapping), mapping, loader=self.name)

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        return propose_mapping(probe, _container(probe, mapping), mapping)


LOADER = Hdf5Loader()
"""What the entry point names."""


def _container(probe: Probe, mapping: LogMapping | None) -> Container:
    if probe.container is None or probe.hdf5 is None:
        raise LogFormatError(f"{probe.path} is a {probe.kind}; this loader reads HDF5 files")
    foreign = _foreign(probe.hdf5)
    if foreign is not None and (mapping is None or not mapping.fields):
        raise LogFormatError(f"{probe.path}: {foreign}")
    return probe.container


def _foreign(inventory: Inventory) -> str | None:
    """Return what a file is that holds no log in time order; None for any other."""
    root = inventory.attributes.get("/", {})
    if "/_meta" in inventory.groups and ("maxsize" in root or "_insertion_idx" in root):
        return "a Tianshou replay buffer, whose rows are a ring, not in time order: the loader tianshou reads it"
    if "keras_version" in root or "/model_weights" in inventory.groups:
        return "Keras weights, not trajectories"
    if root.get("encoding-type") == "anndata":
        return "an AnnData table, not trajectories"
    if "nwb_version" in root:
        return "an NWB recording, not trajectories of agents"
    return None
