"""A first look at a file, shared by all loaders so that none opens it again."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from convscope.ingest.digests import sha256_of_file
from convscope.ingest.hdf5.opening import check_regular, has_hdf5_signature
from convscope.ingest.hdf5.reading import Inventory, read_inventory
from convscope.values.header import InputFile


class FileKind(StrEnum):
    """What a file is, by its first bytes."""

    HDF5 = "HDF5 file"
    NUMPY = "numpy array file"
    ZIP = "zip archive"
    PARQUET = "parquet table"
    ARROW = "arrow table"
    GZIP = "gzip archive"
    TEXT = "text file"
    UNKNOWN = "file of an unknown kind"


_MAGIC = (
    (b"\x93NUMPY", FileKind.NUMPY),
    (b"PK\x03\x04", FileKind.ZIP),
    (b"PAR1", FileKind.PARQUET),
    (b"ARROW1", FileKind.ARROW),
    (b"\x1f\x8b", FileKind.GZIP),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What is known of a file before a row is read."""

    path: Path
    name: str
    """How the provenance names the input: the shortest tail of the path that tells the inputs apart."""
    kind: FileKind
    hdf5: Inventory | None
    """None for other kinds of files."""
    sha256: str
    n_bytes: int

    def input_file(self, loader: str, *, assumptions: tuple[str, ...] = ()) -> InputFile:
        """Return what the provenance says of the file.

        Parameters
        ----------
        loader
            Name of the loader that reads it.
        assumptions
            What the loader took for granted, a sentence each.
        """
        return InputFile(
            name=self.name, sha256=self.sha256, n_bytes=self.n_bytes, loader=loader, assumptions=assumptions
        )


def probe(path: Path, name: str) -> Probe:
    """Look at a file.

    Parameters
    ----------
    path
        A file; nothing about it is trusted.
    name
        As the provenance names it.

    Raises
    ------
    LogFormatError
        If there is no such file, nothing in it, or a broken HDF5 file.
    RefusedFileError
        If it is no plain file, or an HDF5 file that could do harm.
    """
    check_regular(path)
    kind = _kind(path)
    return Probe(
        path=path,
        name=name,
        kind=kind,
        hdf5=read_inventory(path) if kind is FileKind.HDF5 else None,
        sha256=sha256_of_file(path),
        n_bytes=path.stat().st_size,
    )


def _kind(path: Path) -> FileKind:
    if has_hdf5_signature(path):
        return FileKind.HDF5
    with path.open("rb") as stream:
        head = stream.read(4096)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    is_text = b"\x00" not in head and sum(byte < 9 for byte in head) == 0
    return FileKind.TEXT if is_text else FileKind.UNKNOWN
