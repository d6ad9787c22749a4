"""The members of a zip archive, which may be anything: an ``.npz`` file, or a folder of arrays packed into one."""

import os
import struct
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError  # noqa: N812  an error, whatever its library calls it

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError, RefusedFileError

MAX_MEMBERS = 200_000
MAX_DIRECTORY_BYTES = 32 << 20
"""Of the archive's list of members, which is read whole."""
MAX_NAME = 1024
MAX_EXPANSION = 1100
"""Declared over compressed size; deflate itself ends at about 1032."""
EXPANSION_FLOOR = 64 << 20
"""Declared size under which the expansion does not matter."""

_LOCAL_HEADER = struct.Struct("<4s22x2H")
_AT_A_TIME = 1 << 20


def is_npz(path: Path) -> bool:
    """Whether a zip file holds arrays; of a broken one the name of its first member tells."""
    try:
        with open_archive(path) as archive:
            return any(info.filename.endswith(".npy") for info in archive.infolist())
    except LogFormatError:
        with path.open("rb") as stream:
            n_name = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size).ljust(_LOCAL_HEADER.size))[1]
            return stream.read(int(n_name)).endswith(b".npy")


def checked_members(path: Path, ending: str = "") -> tuple[ZipInfo, ...]:
    """List the members of an archive.

    Parameters
    ----------
    path
        A plain file; nothing about it is trusted.
    ending
        Of the names of those that are wanted; no others are listed or checked.

    Raises
    ------
    LogFormatError
        If it is no whole zip file, or a member is encrypted.
    RefusedFileError
        If its list of members is beyond all measure, names leave the archive, or members are bombs.
    """
    with open_archive(path) as archive:
        infos = archive.infolist()
    wanted = tuple(info for info in infos if info.filename.endswith(ending) and not info.is_dir())
    if len(infos) > MAX_MEMBERS:
        raise RefusedFileError("members", f"{path} has {len(infos)} members; a log has at most {MAX_MEMBERS}")
    for info in wanted:
        _check_member(info, f"{path}:{info.filename[:MAX_NAME]!r}")
    twice = [name for name, count in Counter(info.filename for info in wanted).items() if count > 1]
    if twice:
        raise RefusedFileError("second-name", f"{path} holds {twice[0]!r} twice: nothing says which one counts")
    return wanted


@contextmanager
def open_archive(path: Path) -> Generator[ZipFile]:
    """Open a zip file for reading; whatever is broken in it is a `LogFormatError`."""
    try:
        with _Bounded(path) as stream, ZipFile(stream) as archive:
            yield archive
    except (BadZipFile, OSError, EOFError, ValueError, struct.error, RuntimeError, ZlibError) as error:
        raise LogFormatError(f"{path} is a broken or half-written zip file: {str(error)[:120]}") from error


def start_of_stored(path: Path, info: ZipInfo) -> int:
    """Return where the bytes of a member begin that is not compressed.

    Raises
    ------
    LogFormatError
        If there is no such member there.
    """
    with path.open("rb") as stream:
        stream.seek(info.header_offset)
        head = stream.read(_LOCAL_HEADER.size)
        n_bytes = os.fstat(stream.fileno()).st_size
    if len(head) == _LOCAL_HEADER.size:
        magic, n_name, n_extra = _LOCAL_HEADER.unpack(head)
        start = info.header_offset + _LOCAL_HEADER.size + int(n_name) + int(n_extra)
        if magic == b"PK\x03\x04" and info.file_size == info.compress_size and start + info.file_size <= n_bytes:
            return start
    raise LogFormatError(f"{path}:{info.filename} lies where its archive does not say; the file is damaged")


def head_of(archive: ZipFile, info: ZipInfo, n_bytes: int) -> bytes:
    """Return the first bytes of a member."""
    with archive.open(info) as stream:
        return stream.read(n_bytes)


def read_member(path: Path, name: str, *, offset: int, n_bytes: int) -> npt.NDArray[np.uint8]:
    """Decompress a member.

    Parameters
    ----------
    path
        The archive.
    name
        Of the member.
    offset
        Bytes of it that come before those that are wanted.
    n_bytes
        Those that are wanted: all that remain.

    Raises
    ------
    LogFormatError
        If it holds fewer or more bytes, or does not decompress.
    """
    read = np.empty(n_bytes, np.uint8)
    with open_archive(path) as archive, archive.open(name) as stream:
        stream.read(offset)
        at = 0
        while at < n_bytes:
            piece = stream.read(min(_AT_A_TIME, n_bytes - at))
            if not piece:
                raise LogFormatError(f"{path}:{name} holds {at} bytes and declares {n_bytes}; the file is damaged")
            read[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
            at += len(piece)
        # Reading on to the end is what checks the checksum.
        if stream.read(1):
            raise LogFormatError(f"{path}:{name} holds more bytes than it declares; the file is damaged")
    return read


class _Bounded(FileIO):
    """A file of which no more is read at once than a list of members may take."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > MAX_DIRECTORY_BYTES:
            raise RefusedFileError("members", f"{self.name} has a list of members of {wanted} bytes")
        return super().read(wanted) or b""


def _check_member(info: ZipInfo, where: str) -> None:
    if len(info.filename) > MAX_NAME:
        raise RefusedFileError("name-length", f"{where} has a name of {len(info.filename)} characters")
    if ".." in info.filename.split("/") or info.filename.startswith("/") or "\\" in info.filename:
        raise RefusedFileError("member-name", f"{where} has a name that leads out of the archive")
    if info.flag_bits & 1:
        raise LogFormatError(f"{where} is encrypted; give the log without a password")
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise RefusedFileError(
            "compression", f"{where} is compressed in a way that is not read; pack it with deflate, or not at all"
        )
    is_large = info.file_size > EXPANSION_FLOOR
    if is_large and info.file_size > MAX_EXPANSION * max(info.compress_size, 1):
        raise RefusedFileError("expansion", f"{where} declares {info.file_size} bytes and stores {info.compress_size}")
