"""Any ``.npz`` archive or folder of ``.npy`` files: understood by names, shapes and numbers, or by a mapping."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Container, Inventory
from convscope.ingest.loader import ONLY_MAPPED, Match
from convscope.ingest.mapping import Axis, LogMapping
from convscope.ingest.numpy_files.reading import look_into_numpy
from convscope.ingest.probe import FileKind, Probe
from convscope.values.header import left_out
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.generic import match_by_names, open_by_structure, propose_mapping
from convscope_loaders.structure.lexicon import axis_of_stem, stem_of
from convscope_loaders.table import LOADER as TABLE
from convscope_loaders.table.long import declares_columns


class NumpyLoader:
    """Reads NumPy files of no known framework."""

    name = "numpy"
    description = "any .npz archive, folder of .npy files or of an .npz an episode: structure inferred, or in a mapping"
    requires: tuple[str, ...] = ()
    takes_mapping = True

    def sniff(self, probe: Probe) -> Match:
        """Look for arrays that are called actions, observations or positions."""
        if probe.kind is FileKind.FOLDER:
            return _match_folder(probe.files)
        if probe.kind is not FileKind.ZIP or probe.container is None:
            return Match(score=0.0, reason="no .npz archive")
        inventory = probe.container.inventory
        return match_by_names(inventory) if inventory.datasets else _nothing(inventory)

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log; errors as in `convscope_loaders.structure.generic.open_by_structure`."""
        if declares_columns(mapping) and probe.kind is FileKind.ZIP:
            return TABLE.open(probe, mapping)
        return open_by_structure(probe, _container(probe), mapping, loader=self.name)

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        if declares_columns(mapping) and probe.kind is FileKind.ZIP:
            return TABLE.propose(probe, mapping)
        return propose_mapping(probe, _container(probe), mapping)


LOADER = NumpyLoader()
"""What the entry point names."""


def _match_folder(files: Sequence[str]) -> Match:
    meant = _meant(files)
    if not meant:
        return Match(score=0.0, reason="no .npy file in the folder, and no .npz called as an episode")
    if meant[0].endswith(".npz"):
        return Match(score=0.5, reason=f"{len(meant)} archives are called as episodes")
    return match_by_names(_named(f"/{name.removesuffix('.npy')}" for name in meant))


def _named(paths: Iterable[str]) -> Inventory:
    """Return what is known of files by their names alone."""
    return Inventory(datasets={path: ArrayInfo(path=path, shape=(), dtype="<f8") for path in paths}, attributes={})


def _meant(files: Sequence[str]) -> list[str]:
    """Return the files that make a folder one log; empty where it is none, or holds the folders of several.

    Those are arrays in the folder itself or in folders named for fields, or an archive for each episode.
    """
    arrays = [name for name in files if name.endswith(".npy")]
    tops = {f"/{name.partition('/')[0]}" for name in arrays}
    if any("/" not in name for name in arrays) or match_by_names(_named(tops)).score > ONLY_MAPPED:
        return arrays
    return [name for name in files if name.endswith(".npz") and _is_called_an_episode(name.removesuffix(".npz"))]


def _is_called_an_episode(name: str) -> bool:
    stem, number = stem_of(name)
    return bool(number) and axis_of_stem(stem) is Axis.EPISODE


def _container(probe: Probe) -> Container:
    meant = _meant(probe.files)
    container = look_into_numpy(probe.path, meant) if meant else probe.container
    if container is None or probe.kind not in {FileKind.FOLDER, FileKind.ZIP}:
        raise LogFormatError(
            f"{probe.path} is a {probe.kind}; this loader reads .npz archives and folders of .npy files"
        )
    if not container.inventory.datasets:
        raise LogFormatError(f"{probe.path}: {_nothing(container.inventory).reason}")
    others = [name for name in probe.files if name not in meant]
    return _with_notice(container, others)


def _nothing(inventory: Inventory) -> Match:
    why = "; ".join(notice.message for notice in inventory.notices)
    return Match(score=ONLY_MAPPED, reason=f"it holds no array of numbers: {why}")


def _with_notice(container: Container, others: list[str]) -> Container:
    notices = left_out(others, "files of the folder that are none of the log's arrays", code="other-files")
    return replace(container, inventory=replace(container.inventory, notices=(*container.inventory.notices, *notices)))
