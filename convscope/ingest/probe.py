"""A first look at a file or a folder, shared by all loaders so that none opens it again."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from convscope.errors import LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.digests import sha256_of_file, sha256_of_folder
from convscope.ingest.folder import FolderFiles, look_through
from convscope.ingest.hdf5.listing import look_into
from convscope.ingest.hdf5.opening import check_regular, has_hdf5_signature
from convscope.ingest.numpy_files.archive import is_npz
from convscope.ingest.numpy_files.reading import look_into_numpy
from convscope.values.header import InputFile, Notice

HEAD_BYTES = 64 << 10
"""What a probe reads of a file."""
MAX_SMALL_BYTES = 8 << 20
"""Largest file that describes a log, such as a ``metadata.json``."""


class FileKind(StrEnum):
    """What a file is, by its first bytes."""

    HDF5 = "HDF5 file"
    NUMPY = "numpy array file"
    ZIP = "zip archive"
    PARQUET = "parquet table"
    ARROW = "arrow table"
    GZIP = "gzip archive"
    TORCH = "file of torch.save, which is a pickle"
    PICKLE = "pickle"
    SAFETENSORS = "safetensors file: parameters of a model"
    TEXT = "text file"
    FOLDER = "folder"
    UNKNOWN = "file of an unknown kind"


_MAGIC = (
    (b"\x93NUMPY", FileKind.NUMPY),
    (b"PK\x03\x04", FileKind.ZIP),
    (b"PAR1", FileKind.PARQUET),
    (b"ARROW1", FileKind.ARROW),
    (b"\x1f\x8b", FileKind.GZIP),
    (b"\x80\x02", FileKind.PICKLE),
    (b"\x80\x03", FileKind.PICKLE),
    (b"\x80\x04", FileKind.PICKLE),
    (b"\x80\x05", FileKind.PICKLE),
)
_TORCH = b"/data.pkl"
"""How the first member of a zip file of torch.save is called, in whatever folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What is known of a file or a folder before a row is read."""

    path: Path
    name: str
    """How the provenance names the input: the shortest tail of the path that tells the inputs apart."""
    kind: FileKind
    head: bytes = b""
    """The first bytes of a file; empty for a folder."""
    files: tuple[str, ...] = ()
    """The files of a folder, relative to it, in numbered order; empty for a file."""
    container: Container | None = None
    """What arrays it holds; None where it is no container of arrays."""
    trusts_pickle: bool = False
    """Whether the user allows pickled parts to be read; nothing is unpickled without it."""
    notices: tuple[Notice, ...] = ()
    """What of a folder is not looked into; whoever opens the log adds it to the header."""

    @property
    def hdf5(self) -> Inventory | None:
        """What an HDF5 file holds; None for anything else."""
        return self.container.inventory if self.container is not None and self.kind is FileKind.HDF5 else None

    @property
    def sha256(self) -> str:
        """Digest of the file, or of all files of the folder and their names."""
        is_folder = self.kind is FileKind.FOLDER
        return sha256_of_folder(self.path, self.files) if is_folder else sha256_of_file(self.path)

    @property
    def n_bytes(self) -> int:
        """Size of the file, or of all files of the folder."""
        return sum((self.path / name).stat().st_size for name in self.files or ("",))

    def small_file(self, name: str) -> bytes | None:
        """Return the content of a small file of the folder; None where there is none, or it is beyond all measure.

        Parameters
        ----------
        name
            One of ``files``; empty for the probed file itself.
        """
        path = self.path / name
        is_there = (name in self.files) if name else self.kind is not FileKind.FOLDER
        if not is_there or path.stat().st_size > MAX_SMALL_BYTES:
            return None
        return path.read_bytes()

    def input_file(
        self, loader: str, *, assumptions: tuple[str, ...] = (), companions: tuple[str, ...] = ()
    ) -> InputFile:
        """Return what the provenance says of the input.

        Parameters
        ----------
        loader
            Name of the loader that reads it.
        assumptions
            What the loader took for granted, a sentence each.
        companions
            Names of files beside the probed one that the loader read, too; the digest is of all of them then, and of
            their names.
        """
        digest, n_bytes, folder = self.sha256, self.n_bytes, self.path.parent
        if companions:
            digest = sha256_of_folder(folder, (self.path.name, *companions))
            n_bytes += sum((folder / name).stat().st_size for name in companions)
        return InputFile(
            name=self.name,
            sha256=digest,
            n_bytes=n_bytes,
            loader=loader,
            assumptions=assumptions,
            companions=companions,
        )


def probe(path: Path, name: str, *, trusts_pickle: bool = False) -> Probe:
    """Look at a file or a folder.

    Parameters
    ----------
    path
        Nothing about it is trusted.
    name
        As the provenance names it.
    trusts_pickle
        Whether pickled parts may be read.

    Raises
    ------
    LogFormatError
        If there is nothing, nothing in it, or a broken file of arrays.
    RefusedFileError
        If it is neither a plain file nor a folder, or a file of arrays that could do harm.
    """
    if path.is_dir():
        return probe_folder(path, name, look_through(path), trusts_pickle=trusts_pickle)
    check_regular(path)
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    kind = FileKind.HDF5 if has_hdf5_signature(path) else _kind(head)
    container = _arrays_of_file(path, kind)
    return Probe(path=path, name=name, kind=kind, head=head, container=container, trusts_pickle=trusts_pickle)


def probe_folder(path: Path, name: str, files: FolderFiles, *, trusts_pickle: bool = False) -> Probe:
    """Look at a folder whose files are known; as `probe`."""
    if not files.names:
        why = f": {files.notices[0].message}" if files.notices else ""
        raise LogFormatError(f"{path} is an empty folder{why}; give a log")
    return Probe(
        path=path,
        name=name,
        kind=FileKind.FOLDER,
        files=files.names,
        container=_arrays_of_folder(path, files.names),
        trusts_pickle=trusts_pickle,
        notices=files.notices,
    )


def _arrays_of_file(path: Path, kind: FileKind) -> Container | None:
    if kind is FileKind.HDF5:
        return look_into(path)
    return look_into_numpy(path) if kind is FileKind.ZIP and is_npz(path) else None


def _arrays_of_folder(folder: Path, files: tuple[str, ...]) -> Container | None:
    """Look into a folder that holds ``.npy`` files itself, and into those below it."""
    arrays = [name for name in files if name.endswith(".npy")]
    return look_into_numpy(folder, arrays) if any("/" not in name for name in arrays) else None


def _kind(head: bytes) -> FileKind:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return FileKind.TORCH if kind is FileKind.ZIP and _TORCH in head[:512] else kind
    # A length of eight bytes, then a JSON object.
    if head[4:9] == b"\x00\x00\x00\x00{":
        return FileKind.SAFETENSORS
    is_text = b"\x00" not in head and sum(byte < 9 for byte in head) == 0
    return FileKind.TEXT if is_text else FileKind.UNKNOWN
