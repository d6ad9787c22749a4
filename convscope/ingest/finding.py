"""From what a user names to the logs of a study."""

import glob
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from convscope.errors import LogFormatError, UsageError
from convscope.ingest.choice import installed_loaders
from convscope.ingest.folder import list_files
from convscope.ingest.loader import Loader
from convscope.ingest.names import numbered_key
from convscope.ingest.probe import FileKind, Probe, probe

_SUFFIXES = frozenset({".h5", ".hdf5", ".hdf", ".he5", ".nc"})
_REPORT = {"analysis.json", "report.html"}
"""What marks a folder as a report."""


def find_logs(names: Sequence[Path]) -> list[Path]:
    """Expand files, folders and globs.

    Parameters
    ----------
    names
        As the user wrote them.

    Returns
    -------
    list of Path
        Without repeats, in numbered order. A folder that a loader knows as one log stands for itself; any other for the
        HDF5 files and the folders of that kind in it and below, or where there are none, for the files that some loader
        knows. Links inside a folder are not followed, and reports of convscope are passed over.

    Raises
    ------
    UsageError
        If a name stands for nothing.
    """
    found: dict[Path, Path] = {}
    for name in names:
        for path in _expanded(name):
            found.setdefault(path.resolve(), path)
    return sorted(found.values(), key=lambda path: numbered_key(path.as_posix()))


def tail_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the shortest tail of each path that tells it from the others: one part more for all until they differ."""
    parts = [path.resolve().parts for path in paths]
    for n_parts in range(1, max(map(len, parts), default=0) + 1):
        tails = ["/".join(part[-n_parts:]) for part in parts]
        if len(set(tails)) == len(tails):
            return tuple(tails)
    return tuple(path.as_posix() for path in paths)


def _expanded(name: Path) -> Iterable[Path]:
    if name.is_dir():
        return _inside(name)
    if name.exists():
        return [name]
    fitting = [Path(path) for path in glob.glob(str(name), recursive=True)] if glob.has_magic(str(name)) else []  # noqa: PTH207
    if not fitting:
        raise UsageError(f"no log at {name}; give a file, a folder or a glob")
    return [log for path in fitting for log in (_inside(path) if path.is_dir() else [path])]


def _inside(folder: Path) -> list[Path]:
    loaders = [found.loader for found in installed_loaders()[0]]
    seen = list(_logs_and_files(folder, list_files(folder), loaders))
    logs = [path for path in seen if path.suffix.lower() in _SUFFIXES or path.is_dir()]
    logs = logs or [path for path in seen if _is_known(path, loaders)]
    if not logs:
        raise UsageError(f"no HDF5 files (.h5, .hdf5) in the folder {folder}, and no other log that a loader knows")
    return logs


def _logs_and_files(folder: Path, files: Sequence[str], loaders: Sequence[Loader]) -> Iterator[Path]:
    """Walk down to the folders that are logs themselves, and name the files that lie outside of them."""
    if set(files) >= _REPORT:
        return
    seen = Probe(path=folder, name=folder.name, kind=FileKind.FOLDER, files=tuple(files))
    if any(loader.sniff(seen).score > 0 for loader in loaders):
        yield folder
        return
    below: dict[str, list[str]] = defaultdict(list)
    for name in files:
        first, _, rest = name.partition("/")
        if rest:
            below[first].append(rest)
        else:
            yield folder / name
    for name, inside in below.items():
        yield from _logs_and_files(folder / name, inside, loaders)


def _is_known(path: Path, loaders: Sequence[Loader]) -> bool:
    try:
        seen = probe(path, path.name)
    except LogFormatError:
        return False
    return any(loader.sniff(seen).score > 0 for loader in loaders)
