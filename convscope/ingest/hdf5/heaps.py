"""The heaps that hold strings of variable length, checked before the library reads one.

A heap whose object header is zero, as a power cut leaves it, makes the library spin for ever with every other thread
of the process waiting; no exception and no signal gets through. The check walks the headers itself.

References
----------
The HDF Group, "HDF5 File Format Specification Version 3.0", section III.E "Global Heap"; HDF5 issue 1707.
"""

import mmap
import struct
from pathlib import Path

from convscope.errors import RefusedFileError

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
_HEADER_BYTES = 16


def check_heaps(path: Path) -> None:
    """Refuse a file with a broken string heap.

    Parameters
    ----------
    path
        A plain file that is not empty.

    Raises
    ------
    RefusedFileError
        With the code ``broken-heap``.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(_SIGNATURE)
        while start >= 0:
            if not _is_whole(content, start):
                raise RefusedFileError(
                    "broken-heap",
                    f"{path} has a broken heap of strings at byte {start}, as after a power cut; restore a copy",
                )
            start = content.find(_SIGNATURE, start + len(_SIGNATURE))


def _is_whole(content: mmap.mmap, start: int) -> bool:
    if start + _HEADER_BYTES > len(content):
        return True
    (n_bytes,) = struct.unpack_from("<Q", content, start + 8)
    at, end = start + _HEADER_BYTES, min(start + n_bytes, len(content))
    while at + _HEADER_BYTES <= end:
        index, _, size = struct.unpack_from("<HH4xQ", content, at)
        if index == 0:
            # Free space counts its own header; it is always the last object.
            return bool(size)
        at += _HEADER_BYTES + (size + 7) // 8 * 8
    return True
