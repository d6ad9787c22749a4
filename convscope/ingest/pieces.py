"""Where the bytes of an array lie in its file, so that its rows can be read without asking for the array again."""

import os
import struct
from dataclasses import dataclass
from typing import NamedTuple

PIECE_NUMBERS = 3
"""Of each piece: place in the file, bytes stored, filters left out."""

_PIECE = struct.Struct(f"<{PIECE_NUMBERS}q")


class Stamp(NamedTuple):
    """What tells whether a file is still the one that was looked at."""

    n_bytes: int
    modified: int
    """Nanoseconds."""
    number: int
    """Of the file on its disk."""

    @classmethod
    def of(cls, descriptor: int) -> "Stamp":
        """Return the stamp of an open file."""
        state = os.fstat(descriptor)
        return cls(state.st_size, state.st_mtime_ns, state.st_ino)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """An array of plain numbers whose bytes lie in a few pieces."""

    shape: tuple[int, ...]
    dtype: str
    """As numpy writes it."""
    filters: tuple[int, ...]
    """What each piece went through, in that order, by the numbers of the format."""
    step: tuple[int, ...]
    """Shape of a piece."""
    table: bytes
    """`PIECE_NUMBERS` of each piece, row by row, as int64: small, as there may be millions of arrays."""

    @property
    def n_pieces(self) -> int:
        """How many pieces there are."""
        return len(self.table) // _PIECE.size


def packed_pieces(pieces: list[tuple[int, int, int]]) -> bytes:
    """Return the table of `Pieces`."""
    return b"".join(_PIECE.pack(*piece) for piece in pieces)
