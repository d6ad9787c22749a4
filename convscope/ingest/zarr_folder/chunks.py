"""How large a chunk is once decoded, told before anything decodes it."""

import zlib
from pathlib import Path

from convscope.ingest.zarr_folder.metadata import Compression, ZarrArray

_CHECKSUM_BYTES = 4
_HEAD_BYTES = 18
"""Longest header of a zstd frame."""
_STEP = 1 << 20


def is_within(path: Path, array: ZarrArray) -> bool:
    """Whether the file of a chunk decodes to no more than a chunk holds.

    Parameters
    ----------
    path
        The file; nothing about it is trusted.
    array
        That it belongs to.
    """
    if array.compression is Compression.NONE:
        return path.stat().st_size <= array.chunk_bytes + _CHECKSUM_BYTES
    if array.compression in {Compression.GZIP, Compression.ZLIB}:
        return _inflates_within(path, array.chunk_bytes)
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    size = _blosc_size(head) if array.compression is Compression.BLOSC else _zstd_size(head)
    return size is not None and size <= array.chunk_bytes


def _blosc_size(head: bytes) -> int | None:
    """Return what a Blosc header says, its bytes 4 to 7 (c-blosc, README_CHUNK_FORMAT)."""
    return int.from_bytes(head[4:8], "little") if len(head) >= 16 else None


def _zstd_size(head: bytes) -> int | None:
    """Return what the header of a zstd frame says (RFC 8878, section 3.1.1.1); None where it leaves the size open."""
    if len(head) < 6 or head[:4] != b"\x28\xb5\x2f\xfd":
        return None
    descriptor = head[4]
    is_single = bool(descriptor & 0x20)
    n_bytes = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    start = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3]
    if not n_bytes or len(head) < start + n_bytes:
        return None
    return int.from_bytes(head[start : start + n_bytes], "little") + (256 if n_bytes == 2 else 0)


def _inflates_within(path: Path, n_bytes: int) -> bool:
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    found = 0
    with path.open("rb") as stream:
        while found <= n_bytes:
            packed = decoder.unconsumed_tail or stream.read(_STEP)
            if not packed or decoder.eof:
                # A second member, which would be decoded as well, is longer than a checksum.
                return decoder.eof and len(decoder.unused_data) + len(packed) <= _CHECKSUM_BYTES
            try:
                found += len(decoder.decompress(packed, _STEP))
            except zlib.error:
                return False
    return False
