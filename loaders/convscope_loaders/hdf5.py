"""Any HDF5 file with trajectories: its arrays are understood by their names, shapes and numbers, or by a mapping."""

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping, RingMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.generic import match_by_names, open_by_structure, propose_mapping, read_structure
from convscope_loaders.table import LOADER as TABLE
from convscope_loaders.table.long import declares_columns


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
        if declares_columns(mapping):
            return TABLE.open(probe, mapping)
        container = _container(probe, mapping)
        if _is_ring(container.inventory) and not _declares_fields(mapping):
            raise _order_of_ring(probe, container)
        return open_by_structure(probe, container, mapping, loader=self.name)

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        if declares_columns(mapping):
            return TABLE.propose(probe, mapping)
        return propose_mapping(probe, _container(probe, mapping), mapping)


LOADER = Hdf5Loader()
"""What the entry point names."""


def _container(probe: Probe, mapping: LogMapping | None) -> Container:
    if probe.container is None or probe.hdf5 is None:
        raise LogFormatError(f"{probe.path} is a {probe.kind}; this loader reads HDF5 files")
    foreign = _foreign(probe.hdf5)
    if foreign is not None and not _is_ring(probe.hdf5) and not _declares_fields(mapping):
        raise LogFormatError(f"{probe.path}: {foreign}")
    return probe.container


def _declares_fields(mapping: LogMapping | None) -> bool:
    return mapping is not None and bool(mapping.fields)


def _is_ring(inventory: Inventory) -> bool:
    root = inventory.attributes.get("/", {})
    has_cursor = any(_CURSOR in inventory.attributes.get(group, {}) for group in ("/", "/_meta"))
    return has_cursor or ("/_meta" in inventory.groups and "maxsize" in root)


def _order_of_ring(probe: Probe, container: Container) -> AmbiguousLogError:
    """Return the error of a replay buffer, with the mapping that reads its rows as they stand."""
    n_rows = container.inventory.attributes.get("/", {}).get("maxsize")
    as_they_stand = LogMapping(ring=RingMapping(rows=n_rows)) if isinstance(n_rows, int) else None
    try:
        mapping = mapping_text(read_structure(probe, container, as_they_stand).mapping)
    except AmbiguousLogError as error:
        mapping = error.mapping or ""
    message = (
        f"{probe.path}: the order of the rows of this replay buffer can be read in 2 ways:\n"
        "  1. as they stand, if the buffer has never been full\n"
        "  2. as a ring, from its oldest row on: the loader tianshou reads it so\n"
        "Its attributes are those of a Tianshou buffer. Give this mapping with --mapping for the first reading:\n"
        f"{mapping}"
    )
    return AmbiguousLogError(message, mapping or None)


_CURSOR = "_insertion_idx"
"""Of a Tianshou buffer: the row that is written next."""


def _foreign(inventory: Inventory) -> str | None:
    """Return what a file is that holds no log in time order; None for any other."""
    root = inventory.attributes.get("/", {})
    if _is_ring(inventory):
        return "a Tianshou replay buffer, whose rows are a ring, not in time order: the loader tianshou reads it"
    if "keras_version" in root or "/model_weights" in inventory.groups:
        return "Keras weights, not trajectories"
    if root.get("encoding-type") == "anndata":
        return "an AnnData table, not trajectories"
    if "nwb_version" in root:
        return "an NWB recording, not trajectories of agents"
    return None
