"""Decoding stored bytes here instead of in the library: exact length or an error.

The library hands out its own memory as data where a stored chunk is shorter than it declares, and a chunk may switch
its checksum off. Decoding with a hard limit turns both, and decompression bombs, into errors.
"""

import zlib
from dataclasses import dataclass
from typing import TypeAlias

import h5py
import numpy as np

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5.checksum import fletcher32

_CHECKSUM = h5py.h5z.FILTER_FLETCHER32
_SHRINKING = frozenset({h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_LZF})
DECODED_HERE = frozenset({h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32})
"""Filters that have a bounded decoder here."""

Content: TypeAlias = bytes | memoryview
"""Bytes, wherever they lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the chunks of a dataset are stored."""

    filters: tuple[int, ...]
    """In the order in which they were applied; none for bytes as they are."""
    item_bytes: int
    """Of an element in the file."""
    n_bytes: int
    """Of a chunk, decoded."""

    @property
    def is_decoded_here(self) -> bool:
        """Whether there is a bounded decoder for every filter."""
        # LZF has no bounded decoder in Python; of such a chunk only the stored size is known.
        return set(self.filters) <= DECODED_HERE

    def applied(self, mask: int, n_stored: int, where: str) -> tuple[int, ...]:
        """Return the filters that a chunk went through.

        Parameters
        ----------
        mask
            A bit for each filter that was left out.
        n_stored
            Bytes that the file holds of the chunk.
        where
            File, path and chunk, for errors.

        Raises
        ------
        RefusedFileError
            If the checksum is left out, or so many bytes cannot be the chunk.
        """
        # A chunk that does not get smaller is stored as it is, marked so; a checksum is never left out that way.
        applied = tuple(number for place, number in enumerate(self.filters) if not mask >> place & 1)
        if _CHECKSUM in self.filters and _CHECKSUM not in applied:
            raise broken(where, "switches its checksum off")
        is_plain = _SHRINKING.isdisjoint(applied)
        exact = self.n_bytes + 4 * (_CHECKSUM in applied)
        if (is_plain and n_stored != exact) or n_stored > 2 * self.n_bytes + 65536:
            raise broken(where, f"stores {n_stored} bytes for {self.n_bytes}")
        return applied

    def decoded(self, content: Content, applied: tuple[int, ...], where: str) -> Content:
        """Return a chunk's bytes as they were before the filters.

        Parameters
        ----------
        content
            As stored.
        applied
            As `applied` returns them, all with a decoder here.
        where
            File, path and chunk, for errors.

        Raises
        ------
        RefusedFileError
            If it does not decode to exactly what it declares.
        """
        for number in reversed(applied):
            if number == h5py.h5z.FILTER_DEFLATE:
                # A checksum may have been added before compression: four bytes more than the chunk.
                content = _inflate(content, self.n_bytes + 4, where)
            elif number == h5py.h5z.FILTER_SHUFFLE:
                content = _unshuffle(content, self.item_bytes)
            else:
                content = _verified(content, where)
        if len(content) != self.n_bytes:
            raise broken(where, f"decodes to {len(content)} of {self.n_bytes} bytes")
        return content


def broken(where: str, what: str) -> RefusedFileError:
    """Return the error of a chunk that is not what it declares."""
    return RefusedFileError("broken-chunk", f"{where} {what}; the file is damaged or crafted")


def _inflate(content: Content, limit: int, where: str) -> Content:
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(content, limit + 1)
    except zlib.error as error:
        raise broken(where, f"does not decompress: {error}") from error
    if len(inflated) > limit or not stream.eof:
        raise broken(where, "does not decompress to its declared size")
    return inflated


def _unshuffle(content: Content, item_bytes: int) -> Content:
    n_items = len(content) // item_bytes
    planes = np.frombuffer(content, np.uint8, n_items * item_bytes).reshape(item_bytes, n_items)
    items = np.empty((n_items, item_bytes), np.uint8)
    # Plane by plane: numpy transposes bytes three times slower.
    for number, plane in enumerate(planes):
        items[:, number] = plane
    whole = items.reshape(-1).data
    rest = content[n_items * item_bytes :]
    return whole.tobytes() + bytes(rest) if rest else whole


def _verified(content: Content, where: str) -> Content:
    body, stored = content[:-4], int.from_bytes(content[-4:], "little")
    if len(content) < 4 or fletcher32(body) != stored:
        raise broken(where, "fails its checksum: the file was damaged after it was written")
    return body
