"""From what a user names to the logs of a study."""

import glob
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from convscope.errors import LogFormatError, UsageError
from convscope.ingest.choice import installed_loaders
from convscope.ingest.folder import list_files
from convscope.ingest.foreign import foreign_kind
from convscope.ingest.loader import ONLY_MAPPED, Loader
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
        HDF5 files and the folders of that kind in it and below, or where there are none, for what else some loader
        knows, if only to refuse it. Links inside a folder are not followed, and reports of convscope are passed over.

    Raises
    ------
    UsageError
        If a name stands for nothing.
    """
    found: dict[Path, Path] = {}
    for name in names:
        for path in _expanded(name):
            found.setdefault(path.resolve(), path)
    # Without the suffix, so that log.h5 comes before log.0002.h5, with which a recording goes on.
    return sorted(found.values(), key=lambda path: (numbered_key(path.with_suffix("").as_posix()), path.suffix))


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
    files = list_files(folder)
    foreign = foreign_kind(Probe(path=folder, name=folder.name, kind=FileKind.FOLDER, files=files))
    if foreign is not None:
        raise LogFormatError(f"{folder} is {foreign}")
    seen = dict(_logs_and_files(folder, files, loaders))
    logs = [path for path, is_log in seen.items() if is_log and (path.suffix.lower() in _SUFFIXES or path.is_dir())]
    logs = logs or [path for path in seen if path.is_dir() or _is_known(path, loaders)]
    if not logs:
        raise UsageError(
            f"no HDF5 files (.h5, .hdf5) in the folder {folder}, and no other log that a loader knows{_instead(seen)}"
        )
    return logs


def _logs_and_files(folder: Path, files: Sequence[str], loaders: Sequence[Loader]) -> Iterator[tuple[Path, bool]]:
    """Walk down to the folders that loaders know, and name the files outside of them; say which may be logs."""
    if set(files) >= _REPORT:
        return
    seen = Probe(path=folder, name=folder.name, kind=FileKind.FOLDER, files=tuple(files))
    matches = [match for loader in loaders for match in [loader.sniff(seen)] if match.score > ONLY_MAPPED]
    if matches:
        yield folder, max(matches, key=lambda match: match.score).is_log
        return
    below: dict[str, list[str]] = defaultdict(list)
    for name in files:
        first, _, rest = name.partition("/")
        if rest:
            below[first].append(rest)
        else:
            yield folder / name, True
    for name, inside in below.items():
        yield from _logs_and_files(folder / name, inside, loaders)


def _is_known(path: Path, loaders: Sequence[Loader]) -> bool:
    seen = _probed(path)
    return seen is not None and _is_a_log(seen, loaders)


def _is_a_log(seen: Probe, loaders: Sequence[Loader]) -> bool:
    return any(loader.sniff(seen).score > ONLY_MAPPED for loader in loaders)


def _instead(paths: Iterable[Path]) -> str:
    """Return a clause about the first file that is taken for a log and is none; empty where there is none such."""
    for path in paths:
        seen = _probed(path)
        foreign = foreign_kind(seen) if seen is not None else None
        if foreign is not None:
            return f"; {path.name} is {foreign}"
    return ""


def _probed(path: Path) -> Probe | None:
    try:
        return probe(path, path.name)
    except LogFormatError:
        return None
