"""Columns that RLlib packs by default: LZ4 and base64 around a pickle."""

import base64
import binascii
from collections.abc import Sequence

from convscope.errors import LogFormatError
from convscope.ingest.optional import import_optional
from convscope.ingest.trusted import unpickled

_MAX_BYTES = 1 << 28
"""What one packed text may hold."""
_SIGN = "BCJN"
"""How a base64 text of an LZ4 frame begins."""


def is_packed(value: object) -> bool:
    """Whether a column, or a value of one, is packed."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return isinstance(text, str) and text.startswith(_SIGN)


def unpack(text: object, place: str) -> object:
    """Return what a packed text holds; only ever called where the user gave ``--trust-pickle``.

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
        unpacked = frame.decompress(content, max_length=_MAX_BYTES)
    except (binascii.Error, ValueError, RuntimeError, EOFError) as error:
        raise LogFormatError(f"{place} is packed, but cannot be unpacked: {str(error)[:120]}") from error
    if not frame.eof:
        raise LogFormatError(f"{place} is packed, and cut short or larger than {_MAX_BYTES >> 20} MiB")
    return unpickled(unpacked, place)


def unpack_rows(texts: Sequence[object], place: str) -> list[object]:
    """Return what the packed texts of a column hold, a row each; as `unpack`."""
    return [unpack(text, place) for text in texts]
