"""The heaps that hold strings of variable length, checked before the library reads one.

A heap whose object header is zero, as a power cut leaves it, makes the library spin for ever with every other thread
of the process waiting; no exception and no signal gets through. The check walks the headers itself.

References
----------
The HDF Group, "HDF5 File Format Specification Version 3.0", section III.E "Global Heap"; HDF5 issue 1707.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from convscope.errors import RefusedFileError

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
_HEADER_BYTES = 16
_BLOCK_BYTES = 1 << 20


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
    with path.open("rb", buffering=0) as stream:
        n_bytes = os.fstat(stream.fileno()).st_size
        # Heaps do not overlap, so that all of their objects fit into the file; crafted ones could keep us for ever.
        n_left = n_bytes // _HEADER_BYTES
        for start in _places(stream):
            is_whole, n_objects = _look(stream.fileno(), start, n_left, n_bytes=n_bytes)
            n_left -= n_objects
            if not is_whole:
                raise RefusedFileError(
                    "broken-heap",
                    f"{path} has a broken heap of strings at byte {start}, as after a power cut; restore a copy",
                )


def _places(stream: BinaryIO) -> Iterator[int]:
    """Return where heaps start."""
    place, content = 0, b""
    while block := stream.read(_BLOCK_BYTES):
        content += block
        at = content.find(_SIGNATURE)
        while at >= 0:
            yield place + at
            at = content.find(_SIGNATURE, at + len(_SIGNATURE))
        # A signature may lie across the border.
        kept = min(len(_SIGNATURE) - 1, len(content))
        place += len(content) - kept
        content = content[len(content) - kept :]


def _look(file: int, start: int, n_left: int, *, n_bytes: int) -> tuple[bool, int]:
    """Return whether a heap is whole and has no more than so many objects, and how many it has."""
    # Not by a map of the file: if somebody cuts it meanwhile, that ends the process.
    head = os.pread(file, _HEADER_BYTES, start)
    if len(head) < _HEADER_BYTES:
        return True, 0
    (heap_bytes,) = struct.unpack_from("<Q", head, 8)
    at, end = start + _HEADER_BYTES, min(start + heap_bytes, n_bytes)
    n_objects = 0
    while at + _HEADER_BYTES <= end and len(head := os.pread(file, _HEADER_BYTES, at)) == _HEADER_BYTES:
        index, _, size = struct.unpack("<HH4xQ", head)
        if index == 0:
            # Free space counts its own header; it is always the last object.
            return bool(size), n_objects
        at += _HEADER_BYTES + (size + 7) // 8 * 8
        n_objects += 1
        if n_objects > n_left:
            return False, n_objects
    return True, n_objects
