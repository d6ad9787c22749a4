"""Where the files of a memory-mapped TensorDict are: in a folder, or in a zip archive that mirrors one."""

from math import prod
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from convscope.errors import RefusedFileError
from convscope.ingest.container import Container
from convscope.ingest.numpy_files.archive import checked_members, open_archive, read_member, start_of_stored
from convscope.ingest.parsed import Parsed, parse_container
from convscope.ingest.probe import MAX_SMALL_BYTES, Probe
from convscope_loaders.tensordict.memmap import Described, RawArray, describe, memmap_container

MAX_UNPACKED_BYTES = 1 << 30
"""Numbers of a compressed archive, which is read whole."""


class FolderFiles:
    """The plain files of a folder.

    Parameters
    ----------
    probe
        Of the folder.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._names = frozenset(probe.files)

    def small(self, name: str) -> bytes | None:
        """Return the content of a small file."""
        return self._probe.small_file(name) if name in self._names else None

    def size(self, name: str) -> int | None:
        """Return the bytes of a file."""
        return (self._probe.path / name).stat().st_size if name in self._names else None


def folder_container(probe: Probe, prefix: str = "") -> tuple[Container, tuple[int, ...]]:
    """Return the arrays of a memory-mapped folder and the batch size of its TensorDict.

    Parameters
    ----------
    probe
        Of the folder.
    prefix
        Folder of the root level inside it, with a slash at its end.
    """
    described = describe(FolderFiles(probe), prefix, place=str(probe.path))
    return memmap_container(probe.path, described), described.batch


def archive_container(path: Path) -> tuple[Container, tuple[int, ...]]:
    """Return the arrays of an archive and the batch size of its TensorDict; read by rows where nothing is compressed.

    Raises
    ------
    LogFormatError
        If it is broken.
    RefusedFileError
        If it is compressed and larger than `MAX_UNPACKED_BYTES` without, or `checked_members` refuses it.
    """
    with open_archive(path) as archive:
        files = ArchiveFiles(archive, path)
        described = describe(files, "", place=str(path))
    if all(files.is_stored(array.file) for array in described.arrays):
        return memmap_container(path, files.placed(described)), described.batch
    return parse_container(path, unpack), described.batch


def unpack(path: Path) -> Parsed:
    """Read all arrays of a compressed archive."""
    with open_archive(path) as archive:
        described = describe(ArchiveFiles(archive, path), "", place=str(path))
    return Parsed(
        arrays={array.info.path: _unpacked(path, array) for array in described.arrays}, notices=described.notices
    )


class ArchiveFiles:
    """The entries of a zip archive.

    Parameters
    ----------
    archive
        Open.
    path
        The archive, for errors.
    """

    def __init__(self, archive: ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        self._entries = {entry.filename: entry for entry in checked_members(path)}
        n_bytes = sum(entry.file_size for entry in self._entries.values() if entry.compress_type != ZIP_STORED)
        if n_bytes > MAX_UNPACKED_BYTES:
            limit = MAX_UNPACKED_BYTES >> 20
            raise RefusedFileError("archive-size", f"{path} unpacks to more than {limit} MiB; give the unpacked folder")

    def small(self, name: str) -> bytes | None:
        """Return the content of a small entry."""
        entry = self._entries.get(name)
        if entry is None or entry.file_size > MAX_SMALL_BYTES:
            return None
        with self._archive.open(entry) as stream:
            return stream.read(entry.file_size)

    def size(self, name: str) -> int | None:
        """Return the bytes of an entry once unpacked."""
        entry = self._entries.get(name)
        return None if entry is None else entry.file_size

    def is_stored(self, name: str) -> bool:
        """Whether an entry lies in the archive as it is."""
        return self._entries[name].compress_type == ZIP_STORED

    def placed(self, described: Described) -> Described:
        """Return arrays by their place in the archive itself."""
        arrays = tuple(
            RawArray(file="", offset=start_of_stored(self._path, self._entries[array.file]), info=array.info)
            for array in described.arrays
        )
        return Described(batch=described.batch, arrays=arrays, groups=described.groups, notices=described.notices)


def _unpacked(path: Path, array: RawArray) -> "np.ndarray[tuple[int, ...], np.dtype[np.generic]]":
    dtype = np.dtype(array.info.dtype)
    content = read_member(path, array.file, offset=0, n_bytes=prod(array.info.shape) * dtype.itemsize)
    return content.view(dtype).reshape(array.info.shape)
