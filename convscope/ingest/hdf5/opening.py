"""Opening a file that may be anything."""

import os
import stat
import time
from pathlib import Path

import h5py

from convscope.errors import LogFormatError, RefusedFileError

_NO_LOCKS = (False, True)
"""No locks, and no matter where the system knows none."""

_CACHE_BYTES = 16 << 20
"""What the library keeps of a file's structure, as it counts: in memory it is up to seven times as much. Less than the
names of a group, of which a million fit in, would make it read them again for every one."""

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_VERSION, _FLAGS = 8, 11
"""Where the file's first block (of version 3) tells its version, and whether it is being written (bit 2: SWMR)."""
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds: the library reads how long a file is before it reads how long it should be, and meanwhile it grows."""


def has_hdf5_signature(path: Path) -> bool:
    """Whether the file says that it is HDF5; the signature may stand at 0, 512, 1024, 2048 and so on."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        offset = 0
        while offset < min(size, 1 << 20):
            stream.seek(offset)
            if stream.read(len(_SIGNATURE)) == _SIGNATURE:
                return True
            offset = 512 if offset == 0 else 2 * offset
    return False


def check_regular(path: Path) -> None:
    """Make sure that a path is a plain file before it is opened: opening a pipe would wait for ever.

    Raises
    ------
    LogFormatError
        If there is nothing, or nothing in it.
    RefusedFileError
        If it is a folder, a pipe or a device.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise LogFormatError(f"{path} cannot be read: {error.strerror or error}") from error
    if not stat.S_ISREG(state.st_mode):
        raise RefusedFileError("not-a-file", f"{path} is no plain file; give a log file")
    if state.st_size == 0:
        raise LogFormatError(f"{path} is empty (0 bytes); the recording was never written")
    if not os.access(path, os.R_OK):
        raise LogFormatError(f"{path} cannot be read: permission denied")


def check_hdf5(path: Path) -> None:
    """Make sure that a path is a plain file that says it is HDF5.

    Raises
    ------
    LogFormatError
        If there is nothing, nothing in it, or something else.
    RefusedFileError
        If it is a folder, a pipe or a device.
    """
    check_regular(path)
    if not has_hdf5_signature(path):
        raise LogFormatError(f"{path} is not an HDF5 file")


def open_guarded(path: Path) -> tuple["h5py.File", bool]:
    """Open an HDF5 file for reading, without locks and with strong closing.

    Parameters
    ----------
    path
        A plain file.

    Returns
    -------
    file
        Open file; the caller closes it.
    is_unfinished
        Whether the file is still marked as being written, so that only what was flushed can be read.

    Raises
    ------
    LogFormatError
        If it is no HDF5 file, or a broken one.
    """
    check_hdf5(path)
    for pause in _PAUSES:
        try:
            return _opened(path)
        except LogFormatError:
            if not _is_growing(path):
                raise
        time.sleep(pause)
    return _opened(path)


def _opened(path: Path) -> tuple["h5py.File", bool]:
    try:
        return _unlocked(path), False
    except (OSError, RuntimeError) as error:
        # Only then: beside a writer the library retries broken metadata for a very long time.
        again = next((opened for sign, opened in _REMEDIES if sign in str(error)), None)
        if again is None:
            raise LogFormatError(f"{path} is a broken HDF5 file: {_reason(error)}") from error
    try:
        return again(path), again is _flushed_part
    except (OSError, RuntimeError) as error:
        raise LogFormatError(f"{path} is a broken HDF5 file: {_reason(error)}") from error


def _is_growing(path: Path) -> bool:
    """Whether the file says that a writer is at it that lets others read."""
    with path.open("rb") as stream:
        head = stream.read(_FLAGS + 1)
    return head.startswith(_SIGNATURE) and len(head) > _FLAGS and head[_VERSION] == 3 and bool(head[_FLAGS] & 4)


def _unlocked(path: Path) -> "h5py.File":
    # Logs lie on network disks and read-only media, where locks fail; nothing is written here.
    return h5py.File(_open(path, h5py.h5f.ACC_RDONLY))


def _as_others_do(path: Path) -> "h5py.File":
    # Where this very process holds the file open already, all must open it alike.
    return h5py.File(path, "r")


def _flushed_part(path: Path) -> "h5py.File":
    # A writer that was killed leaves its mark; as a reader beside a writer (SWMR) one gets what was flushed.
    return h5py.File(_open(path, h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ))


_REMEDIES = (
    ("locking flag", _as_others_do),
    ("close degree", _as_others_do),
    ("already open for write", _flushed_part),
    ("consistency flags", _flushed_part),
)


def _open(path: Path, flags: int) -> "h5py.h5f.FileID":
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_libver_bounds(h5py.h5f.LIBVER_EARLIEST, h5py.h5f.LIBVER_LATEST)
    access.set_file_locking(*_NO_LOCKS)
    file = h5py.h5f.open(os.fsencode(path), flags, fapl=access)
    cache = file.get_mdc_config()
    cache.max_size = min(cache.max_size, _CACHE_BYTES)
    file.set_mdc_config(cache)
    return file


def _reason(error: Exception) -> str:
    text = str(error)
    if "truncated" in text:
        return "it is truncated, as after an interrupted copy; copy it again"
    if "consistency flags" in text or "already open for write" in text:
        return "its writer has not closed it; close the recorder, or repair it with h5clear"
    return text.replace("\n", " ")[:200]
