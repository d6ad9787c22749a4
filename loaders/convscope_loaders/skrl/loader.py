"""The loader of skrl's memories: knows a folder of them, and makes a log of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import Container
from convscope.ingest.folder import list_files
from convscope.ingest.loader import Match
from convscope.ingest.numpy_files.reading import look_into_numpy
from convscope.ingest.parsed import Parsed, parse_container
from convscope.ingest.probe import FileKind, Probe
from convscope.values.header import Notice, left_out
from convscope_loaders.skrl.exports import MemoryFile, memory_file, team_exports
from convscope_loaders.skrl.team import team_container
from convscope_loaders.structure.known import FixedLoader, Known
from convscope_loaders.torch_files import check_trusted, load_torch


class SkrlLoader(FixedLoader):
    """Reads the folders ``memories`` of skrl, which hold a file for each agent and export."""

    name = "skrl"
    description = "memories of skrl's multi-agent algorithms: a folder with an .npz (or .pt) file for each agent"

    def sniff(self, probe: Probe) -> Match:
        """Look for names such as ``26-11-22_12-58-49-759431_memory_0x7faa5eea5390.npz``."""
        found = _memory_files(probe)
        if not found:
            return Match(score=0.0, reason="no file called <time>_memory_<address>")
        return Match(score=0.9, reason=f"{len(found)} files called <time>_memory_<address>")

    def known(self, probe: Probe) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        AmbiguousLogError
            If the files may be of several runs.
        LogFormatError
            If they hold the memory of one agent only, do not fit together, or are pickles that the user does not trust.
        """
        found = _memory_files(probe)
        if probe.kind is not FileKind.FOLDER or not found:
            what = "the memory of one agent" if found else "no memory of skrl"
            raise LogFormatError(f"{probe.path} is {what}: give the folder with the memories of all agents")
        suffix = next((suffix for suffix in ("npz", "pt") if any(file.suffix == suffix for file in found)), None)
        if suffix is None:
            raise LogFormatError(f"{probe.path} holds no memory as npz: save each with memory.save(format='npz')")
        if suffix == "pt":
            check_trusted(probe, instead="save each memory with memory.save(format='npz')")
        exports = team_exports([file for file in found if file.suffix == suffix], place=str(probe.path))
        if len(exports[0]) < 2:
            raise LogFormatError(f"{probe.path} holds the memory of one agent, and convscope looks at teams")
        container = _container(probe, exports, suffix)
        viewed, reading = team_container(container, exports, place=str(probe.path))
        read = {file.name for export in exports for file in export}
        reading = replace(reading, notices=(*reading.notices, *_other_files(probe, read)))
        return Known(container=viewed, reading=reading)


LOADER = SkrlLoader()
"""What the entry point names."""


def _memory_files(probe: Probe) -> Sequence[MemoryFile]:
    listed = probe.files if probe.kind is FileKind.FOLDER else (probe.path.name,)
    return [file for name in listed if (file := memory_file(name)) is not None]


def _container(probe: Probe, exports: Sequence[Sequence[MemoryFile]], suffix: str) -> Container:
    if suffix == "npz":
        return look_into_numpy(probe.path, [file.name for export in exports for file in export])
    return parse_container(probe.path, _parse_tensors)


def _parse_tensors(folder: Path) -> Parsed:
    """Read all files of torch.save of a folder; each array lies below the name of its file."""
    files = [file for name in list_files(folder) if (file := memory_file(name)) is not None and file.suffix == "pt"]
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for file in files:
        tensors = load_torch(folder / file.name)
        if not isinstance(tensors, dict):
            raise LogFormatError(f"{folder / file.name} holds no memory of skrl")
        for name, tensor in tensors.items():
            array = np.asarray(tensor)
            if array.dtype.kind in "biuf":
                arrays[f"/{file.stem}/{name}"] = array
    return Parsed(arrays=arrays)


def _other_files(probe: Probe, read: set[str]) -> tuple[Notice, ...]:
    others = [name for name in probe.files if name not in read]
    return left_out(others, "other files of the folder, such as the same memory in another format", code="other-files")
