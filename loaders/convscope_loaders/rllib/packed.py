"""Columns that RLlib packs by default: LZ4 and base64 around a pickle."""

import base64
import binascii

from convscope.errors import LogFormatError
from convscope.ingest.optional import import_optional
from convscope.ingest.trusted import unpickled

MAX_UNPACKED_BYTES = 1 << 28
"""What all packed texts of a file may hold: they pack up to 255 times as much."""
_SIGN = "BCJN"
"""How a base64 text of an LZ4 frame begins."""


def is_packed(value: object) -> bool:
    """Whether a column, or a value of one, is packed."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return isinstance(text, str) and text.startswith(_SIGN)


class Unpacker:
    """Unpacks the texts of one file; only ever made where the user gave ``--trust-pickle``."""

    def __init__(self) -> None:
        self._n_bytes_left = MAX_UNPACKED_BYTES

    def unpack(self, text: object, place: str) -> object:
        """Return what a packed text holds.

        Raises
        ------
        LogFormatError
            If it is broken, asks for more than arrays and plain values, or the texts of the file hold more than
            `MAX_UNPACKED_BYTES`.
        MissingPackageError
            If lz4 is not installed.
        """
        lz4 = import_optional("lz4.frame", extra="rllib", purpose="packed observations of RLlib")
        try:
            content = base64.b64decode(text if isinstance(text, str | bytes) else b"", validate=True)
            frame = lz4.LZ4FrameDecompressor()
            unpacked = frame.decompress(content, max_length=self._n_bytes_left)
        except (binascii.Error, ValueError, RuntimeError, EOFError) as error:
            raise LogFormatError(f"{place} is packed, but cannot be unpacked: {str(error)[:120]}") from error
        if not frame.eof:
            limit = MAX_UNPACKED_BYTES >> 20
            raise LogFormatError(f"{place} is packed, and cut short, or its file unpacks to more than {limit} MiB")
        self._n_bytes_left -= len(unpacked)
        return unpickled(unpacked, place)
