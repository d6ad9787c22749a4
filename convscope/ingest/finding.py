"""From what a user names to the logs of a study."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convscope.errors import LogFormatError, UsageError
from convscope.ingest.choice import ask, failures, installed_loaders
from convscope.ingest.folder import FolderFiles, look_through
from convscope.ingest.foreign import foreign_kind
from convscope.ingest.loader import ONLY_MAPPED, Loader, Match
from convscope.ingest.names import numbered_key
from convscope.ingest.probe import FileKind, Probe, probe, probe_folder
from convscope.values.header import Notice

_HDF5 = frozenset({".h5", ".hdf5", ".hdf", ".he5", ".nc"})
_KIND_OF = {".npz": FileKind.ZIP, ".parquet": FileKind.PARQUET}
"""What files of these names are, unless they are broken."""
_CLOSING = {FileKind.PARQUET: b"PAR1", FileKind.ARROW: b"ARROW1"}
"""What whole files of these kinds end with."""
_REPORT = {"analysis.json", "report.html"}
"""What marks a folder as a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLogs:
    """The logs of a study."""

    paths: tuple[Path, ...]
    """Files and folders, without repeats, in numbered order."""
    notices: tuple[Notice, ...]
    """What was passed over."""


def find_logs(names: Sequence[Path]) -> list[Path]:
    """Return the paths of `search_logs`, for who knows what lies there."""
    return list(search_logs(names).paths)


def search_logs(names: Sequence[Path]) -> FoundLogs:
    """Expand files, folders and globs.

    Parameters
    ----------
    names
        As the user wrote them.

    Returns
    -------
    FoundLogs
        A folder that a loader knows as one log stands for itself; any other for the HDF5 files and the folders of that
        kind in it and below, or where there are none, for what else some loader knows, if only to refuse it, and for
        what is named as a file of arrays or tables and is broken. Links inside a folder are not followed, and reports
        of convscope are passed over.

    Raises
    ------
    UsageError
        If a name stands for nothing.
    """
    found: dict[Path, Path] = {}
    notices: list[Notice] = []
    for name in names:
        for part in _expanded(name):
            notices.extend(part.notices)
            for path in part.paths:
                found.setdefault(path.resolve(), path)
    # Without the suffix, so that log.h5 comes before log.0002.h5, with which a recording goes on.
    paths = sorted(found.values(), key=lambda path: (numbered_key(path.with_suffix("").as_posix()), path.suffix))
    return FoundLogs(paths=tuple(paths), notices=tuple(dict.fromkeys(notices)))


def tail_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the shortest tail of each path that tells it from the others: one part more for all until they differ."""
    parts = [path.resolve().parts for path in paths]
    for n_parts in range(1, max(map(len, parts), default=0) + 1):
        tails = ["/".join(part[-n_parts:]) for part in parts]
        if len(set(tails)) == len(tails):
            return tuple(tails)
    return tuple(path.as_posix() for path in paths)


def _expanded(name: Path) -> Iterable[FoundLogs]:
    if name.is_dir():
        return [_inside(name)]
    if name.exists():
        return [FoundLogs(paths=(name,), notices=())]
    fitting = [Path(path) for path in glob.glob(str(name), recursive=True)] if glob.has_magic(str(name)) else []  # noqa: PTH207
    if not fitting:
        raise UsageError(f"no log at {name}; give a file, a folder or a glob")
    return [_inside(path) if path.is_dir() else FoundLogs(paths=(path,), notices=()) for path in fitting]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A file, or a folder that is one log."""

    path: Path
    is_folder: bool = False
    is_log: bool = True
    """False for what a loader knows and refuses."""


def _inside(folder: Path) -> FoundLogs:
    files = look_through(folder)
    search = _Search([found.loader for found in installed_loaders()[0]])
    search.refuse_foreign(folder, files)
    seen = list(search.walk(folder, files))
    logs = [one for one in seen if one.is_log and (one.is_folder or one.path.suffix.lower() in _HDF5)]
    logs = logs or search.other_logs(seen)
    if not logs:
        raise UsageError(
            f"the folder {folder} holds no log that a loader knows: HDF5, NumPy, tables (CSV, JSON lines, Parquet) and "
            "the files of frameworks (convscope loaders lists them)"
            f"{_instead(seen, files)}"
        )
    paths = tuple(one.path for one in logs)
    if paths != (folder,):  # else its own probe says what is left out
        search.notices.extend(
            (*files.notices, *_passed_over(folder, [one.path for one in seen if one.path not in paths]))
        )
    return FoundLogs(paths=paths, notices=tuple(search.notices))


class _Search:
    """Asks loaders about what lies in a folder.

    Parameters
    ----------
    loaders
        All that are installed.
    """

    def __init__(self, loaders: Sequence[Loader]) -> None:
        self._loaders = loaders
        self.notices: list[Notice] = []
        """Of loaders that failed."""

    def refuse_foreign(self, folder: Path, files: FolderFiles) -> None:
        """Raise a `LogFormatError` where the folder is of a kind that holds no trajectories."""
        seen = _probed_folder(folder, files)
        foreign = foreign_kind(seen) if seen is not None else None
        if foreign is not None:
            raise LogFormatError(f"{folder} is {foreign}")

    def walk(self, folder: Path, files: FolderFiles) -> Iterator[_Seen]:
        """Walk down to the folders that loaders know, and name the files outside of them."""
        if not files.names or set(files.names) >= _REPORT:
            return
        seen = _probed_folder(folder, files)
        if seen is None:
            yield _Seen(path=folder, is_folder=True)  # its arrays are broken: opening it says how
            return
        fitting = self._fitting(seen)
        if fitting:
            yield _Seen(path=folder, is_folder=True, is_log=_best(fitting).is_log)
            return
        yield from (_Seen(path=folder / name) for name in files.names if "/" not in name)
        for name, inside in files.below().items():
            yield from self.walk(folder / name, inside)

    def other_logs(self, seen: Sequence[_Seen]) -> list[_Seen]:
        """Return what loaders know where there is no HDF5 file; what they refuse only where there is no log."""
        looked = [one if one.is_folder else self._looked_at(one.path) for one in seen]
        known = [one for one in looked if one is not None]
        return [one for one in known if one.is_log] or known

    def _looked_at(self, path: Path) -> _Seen | None:
        """Return a file that a loader knows, or a broken one of arrays or tables, which must not vanish."""
        seen = _probed(path)
        if seen is None or _is_broken(seen):
            return _Seen(path=path)
        fitting = self._fitting(seen)
        return _Seen(path=path, is_log=_best(fitting).is_log) if fitting else None

    def _fitting(self, seen: Probe) -> list[Match]:
        asked = [ask(loader, seen) for loader in self._loaders]
        self.notices.extend(failures(asked))
        return [found.match for found in asked if found.match.score > ONLY_MAPPED]


def _best(matches: Sequence[Match]) -> Match:
    return max(matches, key=lambda match: match.score)


def _is_broken(seen: Probe) -> bool:
    if _KIND_OF.get(seen.path.suffix.lower(), seen.kind) is not seen.kind:
        return True
    closing = _CLOSING.get(seen.kind, b"")
    with seen.path.open("rb") as stream:
        stream.seek(max(seen.n_bytes - len(closing), 0))
        return stream.read() != closing if closing else False


def _passed_over(folder: Path, others: Sequence[Path]) -> Iterator[Notice]:
    if others:
        shown = ", ".join(path.relative_to(folder).as_posix() for path in others[:3])
        more = ", ..." if len(others) > 3 else ""
        message = f"left out ({len(others)}): other files beside the logs ({shown}{more}); name them if they are logs"
        yield Notice(code="passed-over", message=message, where=folder.name)


def _instead(seen: Iterable[_Seen], files: FolderFiles) -> str:
    """Return a clause about the first file that is taken for a log and is none, or about what is not looked into."""
    for one in seen:
        found = _probed(one.path)
        foreign = foreign_kind(found) if found is not None else None
        if foreign is not None:
            return f"; {one.path.name} is {foreign}"
    return "".join(f"; {notice.message}" for notice in files.notices)


def _probed(path: Path) -> Probe | None:
    try:
        return probe(path, path.name)
    except LogFormatError:
        return None


def _probed_folder(folder: Path, files: FolderFiles) -> Probe | None:
    try:
        return probe_folder(folder, folder.name, files) if files.names else None
    except LogFormatError:
        return None
