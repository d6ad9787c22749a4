"""Columns that RLlib packs by default: LZ4 and base64 around a pickle."""

import base64
import binascii
from collections.abc import Sequence

from convscope.errors import LogFormatError
from convscope.ingest.optional import import_optional
from convscope.ingest.trusted import unpickled

MAX_BYTES = 4 << 30
"""What all packed texts of a recording may hold together."""
_MAX_BYTES = 1 << 28
"""What one may hold."""
_SIGN = "BCJN"
"""How a base64 text of an LZ4 frame begins."""


class Allowance:
    """What packed texts may still hold, of all files of a recording.

    Parameters
    ----------
    n_bytes
        At the beginning.
    """

    def __init__(self, n_bytes: int = MAX_BYTES) -> None:
        self.n_bytes = n_bytes

    def spend(self, n_bytes: int) -> None:
        """Take off what a text held."""
        self.n_bytes -= n_bytes


def is_packed(value: object) -> bool:
    """Whether a column, or a value of one, is packed."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return isinstance(text, str) and text.startswith(_SIGN)


def unpack(text: object, place: str, allowance: Allowance) -> object:
    """Return what a packed text holds; only ever called where the user gave ``--trust-pickle``.

    Parameters
    ----------
    text
        Nothing about it is trusted.
    place
        Where it is, for errors.
    allowance
        Of the recording.

    Raises
    ------
    LogFormatError
        If it is broken, too large, or asks for more than arrays and plain values.
    MissingPackageError
        If lz4 is not installed.
    """
    lz4 = import_optional("lz4.frame", extra="rllib", purpose="packed observations of RLlib")
    try:
        content = base64.b64decode(text if isinstance(text, str | bytes) else b"", validate=True)
        frame = lz4.LZ4FrameDecompressor()
        # A length of 0 would be read as none.
        most = max(min(_MAX_BYTES, allowance.n_bytes), 1)
        unpacked = frame.decompress(content, max_length=most)
    except (binascii.Error, ValueError, RuntimeError, EOFError) as error:
        raise LogFormatError(f"{place} is packed, but cannot be unpacked: {str(error)[:120]}") from error
    allowance.spend(len(unpacked))
    if not frame.eof:
        what = "than all packed columns may hold" if most < _MAX_BYTES else f"than {_MAX_BYTES >> 20} MiB"
        raise LogFormatError(f"{place} is packed, and cut short or larger {what}; give the recording in parts")
    return unpickled(unpacked, place)


def unpack_rows(texts: Sequence[object], place: str, allowance: Allowance) -> list[object]:
    """Return what the packed texts of a column hold, a row each; as `unpack`."""
    return [unpack(text, place, allowance) for text in texts]
