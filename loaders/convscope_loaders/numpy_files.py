"""Any ``.npz`` archive or folder of ``.npy`` files: understood by names, shapes and numbers, or by a mapping."""

from collections.abc import Iterable
from dataclasses import replace

from convscope.errors import LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.loader import ONLY_MAPPED, Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.numpy_files.reading import look_into_numpy
from convscope.ingest.probe import FileKind, Probe
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.generic import match_by_names, open_by_structure, propose_mapping


class NumpyLoader:
    """Reads NumPy files of no known framework."""

    name = "numpy"
    description = "any .npz archive or folder of .npy files: structure inferred, or declared in a mapping file"
    requires: tuple[str, ...] = ()
    takes_mapping = True

    def sniff(self, probe: Probe) -> Match:
        """Look for arrays that are called actions, observations or positions."""
        if probe.kind is FileKind.FOLDER:
            paths = [f"/{name.removesuffix('.npy')}" for name in probe.files if name.endswith(".npy")]
            return (
                match_by_names(paths) if _is_one_log(paths) else Match(score=0.0, reason="no .npy file in the folder")
            )
        if probe.kind is not FileKind.ZIP or probe.container is None:
            return Match(score=0.0, reason="no .npz archive")
        inventory = probe.container.inventory
        return match_by_names(inventory.datasets) if inventory.datasets else _nothing(inventory)

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log; errors as in `convscope_loaders.structure.generic.open_by_structure`."""
        return open_by_structure(probe, _container(probe), mapping, loader=self.name)

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        return propose_mapping(probe, _container(probe), mapping)


LOADER = NumpyLoader()
"""What the entry point names."""


def _is_one_log(paths: Iterable[str]) -> bool:
    """Whether a folder holds arrays itself, or folders named for fields, and not the folders of several logs."""
    tops = [path[1:].partition("/") for path in paths]
    return any(not rest for _, _, rest in tops) or match_by_names(f"/{top}" for top, _, _ in tops).score > ONLY_MAPPED


def _container(probe: Probe) -> Container:
    container = probe.container
    if probe.kind is FileKind.FOLDER:
        arrays = [name for name in probe.files if name.endswith(".npy")]
        container = look_into_numpy(probe.path, arrays) if arrays else None
    if container is None or probe.kind not in {FileKind.FOLDER, FileKind.ZIP}:
        raise LogFormatError(
            f"{probe.path} is a {probe.kind}; this loader reads .npz archives and folders of .npy files"
        )
    if not container.inventory.datasets:
        raise LogFormatError(f"{probe.path}: {_nothing(container.inventory).reason}")
    others = [name for name in probe.files if not name.endswith(".npy")]
    return _with_notice(container, others) if others else container


def _nothing(inventory: Inventory) -> Match:
    why = "; ".join(notice.message for notice in inventory.notices)
    return Match(score=ONLY_MAPPED, reason=f"it holds no array of numbers: {why}")


def _with_notice(container: Container, others: list[str]) -> Container:
    message = f"left out ({len(others)}): files of the folder that are no .npy arrays"
    notice = Notice(code="other-files", message=message, where=others[0])
    return replace(container, inventory=replace(container.inventory, notices=(*container.inventory.notices, notice)))
