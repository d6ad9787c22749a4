"""Any HDF5 file with trajectories: its arrays are understood by their names, shapes and numbers, or by a mapping."""

from convscope.errors import LogFormatError, MappingError
from convscope.ingest.hdf5.reading import Inventory, open_hdf5
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.infer import infer
from convscope_loaders.structure.lexicon import Meaning, meaning_of


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
        if foreign is not None:
            return Match(score=0.0, reason=foreign)
        found = {_meaning(path) for path in probe.hdf5.datasets}
        told = [meaning for meaning in (Meaning.ACTION, Meaning.OBSERVATION, Meaning.POSITION) if meaning in found]
        if not told:
            return Match(score=0.0, reason="no array is called actions, observations or positions")
        return Match(score=0.5, reason=f"arrays are called {', '.join(f'{meaning}s' for meaning in told)}")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log.

        Raises
        ------
        AmbiguousLogError
            If the file can be read in more than one way; the message shows the readings and a mapping to edit.
        LogFormatError
            If it holds no trajectories.
        MappingError
            If the mapping speaks of axes or columns that the arrays do not have.
        """
        inventory = _inventory(probe, mapping)
        try:
            return build_log(probe, inventory, _reading(probe, inventory, mapping), loader=self.name)
        except (IndexError, ValueError) as error:
            if mapping is None:
                raise
            # What a mapping declares is taken at its word, so that only the arrays can tell where it is wrong.
            raise MappingError(f"{mapping.file}: does not fit the arrays of {probe.path}: {error}") from error

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        return _reading(probe, _inventory(probe, mapping), mapping).mapping


LOADER = Hdf5Loader()
"""What the entry point names."""


def _inventory(probe: Probe, mapping: LogMapping | None) -> Inventory:
    if probe.hdf5 is None:
        raise LogFormatError(f"{probe.path} is a {probe.kind}; this loader reads HDF5 files")
    foreign = _foreign(probe.hdf5)
    if foreign is not None and (mapping is None or not mapping.fields):
        raise LogFormatError(f"{probe.path}: {foreign}")
    return probe.hdf5


def _reading(probe: Probe, inventory: Inventory, mapping: LogMapping | None) -> Reading:
    with open_hdf5(probe.path) as file:
        return infer(inventory, file, mapping, place=str(probe.path))


def _meaning(path: str) -> Meaning | None:
    parts = path.strip("/").split("/")
    told = meaning_of((parts[-1].split(".")[-1],))
    return told or (meaning_of((parts[-2],)) if len(parts) > 1 else None)


def _foreign(inventory: Inventory) -> str | None:
    """Return what a file is that holds no log in time order; None for any other."""
    root = inventory.attributes.get("/", {})
    if "_insertion_idx" in root or "_insertion_idx" in inventory.attributes.get("/_meta", {}):
        return "a Tianshou replay buffer: its rows are a ring, not in time order; save the collected batches instead"
    if "keras_version" in root or "/model_weights" in inventory.groups:
        return "Keras weights, not trajectories"
    if root.get("encoding-type") == "anndata":
        return "an AnnData table, not trajectories"
    if "nwb_version" in root:
        return "an NWB recording, not trajectories of agents"
    return None
