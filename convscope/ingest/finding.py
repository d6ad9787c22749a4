"""From what a user names to the files of a study."""

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

from convscope.errors import UsageError
from convscope.ingest.names import numbered_key

_SUFFIXES = frozenset({".h5", ".hdf5", ".hdf", ".he5", ".nc"})


def find_logs(names: Sequence[Path]) -> list[Path]:
    """Expand files, folders and globs.

    Parameters
    ----------
    names
        As the user wrote them.

    Returns
    -------
    list of Path
        Without repeats, in numbered order. A folder stands for the HDF5 files in it and below; links to folders are
        not followed.

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
        inside = [path for path in sorted(name.rglob("*")) if path.suffix.lower() in _SUFFIXES and path.is_file()]
        if not inside:
            raise UsageError(f"no HDF5 files (.h5, .hdf5) in the folder {name}")
        return inside
    if name.exists():
        return [name]
    fitting = [Path(path) for path in glob.glob(str(name), recursive=True)] if glob.has_magic(str(name)) else []  # noqa: PTH207
    if not fitting:
        raise UsageError(f"no log at {name}; give a file, a folder or a glob")
    return [path for path in fitting if path.is_file()]
