"""Which arrays an archive or a folder holds, and where the numbers of each begin."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import ZIP_STORED, ZipInfo

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.names import in_numbered_order
from convscope.ingest.numpy_files.archive import checked_members, head_of, open_archive, start_of_stored
from convscope.ingest.numpy_files.header import HEAD_BYTES, NpyHeader, read_header
from convscope.values.header import Notice, left_out

MAX_IN_MEMORY = 2 << 30
"""Bytes of all arrays of a log whose rows do not lie in order: they are kept in memory, each from its first use on."""

_PARTS = re.compile(r"[^/.,\[\]'\"]+")
"""Trees of arrays are flattened to names like ``next/obs``, ``next.obs``, ``next,obs`` and ``['next']['obs']``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArray:
    """Where an array is kept."""

    file: Path
    header: NpyHeader
    start: int
    """Of the first number: in the file, or in the decompressed member."""
    member: str | None = None
    """What has to be decompressed first; None where the numbers lie in the file as they are."""

    @property
    def is_in_order(self) -> bool:
        """Whether rows can be read without what comes before them."""
        return self.member is None and not self.header.is_fortran


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The arrays of a log."""

    arrays: dict[str, StoredArray]
    """By path, in numbered order."""
    notices: tuple[Notice, ...]
    """What was left out."""


def list_arrays(path: Path, files: Sequence[str] = ()) -> Listing:
    """List the arrays of an archive or a folder; listed once in a process until it changes.

    Parameters
    ----------
    path
        An ``.npz`` archive, or a folder.
    files
        The ``.npy`` and ``.npz`` files of the folder; empty for an archive. The arrays of an archive in a folder lie
        below its name.

    Raises
    ------
    LogFormatError
        If a file is broken, or two arrays have one name.
    RefusedFileError
        If it asks for absurd amounts of memory.
    """
    states = [(path / name).stat() for name in files or ("",)]
    return _listed(path, tuple(files), tuple((state.st_size, state.st_mtime_ns) for state in states))


@lru_cache(maxsize=8)
def _listed(path: Path, files: tuple[str, ...], state: tuple[tuple[int, int], ...]) -> Listing:  # noqa: ARG001  the key
    found = list(_of_folder(path, files) if files else _of_archive(path))
    arrays: dict[str, StoredArray] = {}
    for name, stored in found:
        if stored.header.why_not is None and arrays.setdefault(name, stored) is not stored:
            raise LogFormatError(f"{path} holds two arrays called {name}; rename one of them")
    in_memory = sum(stored.header.n_bytes for stored in arrays.values() if not stored.is_in_order)
    if in_memory > MAX_IN_MEMORY:
        raise LogFormatError(
            f"{path} takes {in_memory >> 20} MiB of memory, more than {MAX_IN_MEMORY >> 20}, because its arrays are "
            "compressed or not in C order; unzip it into a folder and give the folder, which is read piece by piece"
        )
    ordered = {name: arrays[name] for name in in_numbered_order(arrays)}
    return Listing(arrays=ordered, notices=_left_out(found))


def _of_archive(path: Path) -> Iterator[tuple[str, StoredArray]]:
    infos = checked_members(path, ".npy")
    with open_archive(path) as archive:
        for info in infos:
            where = f"{path}:{info.filename}"
            header = read_header(head_of(archive, info, HEAD_BYTES), where)
            _check_size(header, info.file_size, where)
            yield _path(info.filename), _stored(path, info, header)


def _stored(path: Path, info: ZipInfo, header: NpyHeader) -> StoredArray:
    if info.compress_type == ZIP_STORED:
        return StoredArray(file=path, header=header, start=start_of_stored(path, info) + header.offset)
    return StoredArray(file=path, header=header, start=header.offset, member=info.filename)


def _of_folder(folder: Path, files: Sequence[str]) -> Iterator[tuple[str, StoredArray]]:
    for name in files:
        file = folder / name
        if name.endswith(".npz"):
            above = _path(name.removesuffix(".npz"))
            yield from ((f"{above}{inside}", stored) for inside, stored in _of_archive(file))
            continue
        with file.open("rb") as stream:
            header = read_header(stream.read(HEAD_BYTES), str(file))
        _check_size(header, file.stat().st_size, str(file))
        yield _path(name), StoredArray(file=file, header=header, start=header.offset)


def _check_size(header: NpyHeader, n_bytes: int, where: str) -> None:
    if header.why_not != "objects" and header.offset + header.n_bytes != n_bytes:
        raise RefusedFileError(
            "broken-storage",
            f"{where} declares {header.n_bytes} bytes and holds {n_bytes - header.offset}: it is cut, damaged, or "
            "several arrays were saved into it",
        )


def _path(name: str) -> str:
    parts = _PARTS.findall(name.removesuffix(".npy"))
    return "/" + "/".join(parts or ["unnamed"])


_REASONS = {
    "objects": "pickled Python objects, never unpickled; save arrays of numbers (NumPy makes objects of arrays in "
    "lists that differ in length; save an array for each episode, or pad them and save their lengths)",
    "structured": "structured arrays; save an array for each of their fields",
    "opaque": "complex numbers, dates or raw bytes; save plain numbers",
}


def _left_out(found: Sequence[tuple[str, StoredArray]]) -> tuple[Notice, ...]:
    notices: list[Notice] = []
    for reason, text in _REASONS.items():
        names = [name for name, stored in found if stored.header.why_not == reason]
        notices.extend(left_out(names, text, code=f"skipped-{reason}"))
    return tuple(notices)
