"""Values packed by msgpack and msgpack-numpy; nothing in them is unpickled, whatever they say."""

import re
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.optional import import_optional

_PLAIN_TYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248])")


class Unread:
    """An array that stands for a pickle, or for something else than numbers."""


def unpacked(content: bytes, place: str) -> object:
    """Return what a packed text of bytes holds: plain values, containers, arrays, and `Unread` for other arrays.

    Parameters
    ----------
    content
        Nothing about it is trusted.
    place
        Where it is, for errors.

    Raises
    ------
    LogFormatError
        If it is broken, or an array is not as large as it says.
    MissingPackageError
        If msgpack is not installed.
    """
    msgpack = import_optional("msgpack", extra="rllib", purpose="an episode of RLlib")
    try:
        return msgpack.unpackb(content, object_hook=_revived, strict_map_key=False)
    except (ValueError, TypeError, KeyError, RecursionError, msgpack.exceptions.UnpackException) as error:
        reason = str(error).partition("\n")[0][:200]
        raise LogFormatError(f"{place} holds a broken msgpack value: {reason or type(error).__name__}") from error


def _revived(entry: dict[Any, Any]) -> object:
    """Return the array that msgpack-numpy wrote as a dictionary; any other dictionary as it is."""
    is_array = entry.get(b"nd", entry.get("nd"))
    if not isinstance(is_array, bool):
        return entry
    told = {key.decode() if isinstance(key, bytes) else key: value for key, value in entry.items()}
    return _array(told) if is_array else _scalar(told)


def _array(told: Mapping[str, Any]) -> npt.NDArray[Any] | Unread:
    if told.get("kind") not in (b"", "", None) or not _is_plain(told["type"]):
        return Unread()
    shape = [size for size in told["shape"] if type(size) is int and size >= 0]
    dtype, content = np.dtype(_text(told["type"])), told["data"]
    is_whole = isinstance(content, bytes) and len(content) == prod(shape) * dtype.itemsize
    if not is_whole or len(shape) < len(told["shape"]) or len(shape) > _MAX_AXES:
        raise ValueError(f"an array of the shape {str(told['shape'])[:80]} is not as large as it says")
    return np.frombuffer(content, dtype).reshape(shape)


def _scalar(told: Mapping[str, Any]) -> object:
    if not _is_plain(told["type"]):
        return Unread()
    values = np.frombuffer(told["data"], np.dtype(_text(told["type"])))
    if len(values) != 1:
        raise ValueError("a number is not as large as it says")
    return values[0]


_MAX_AXES = 16


def _is_plain(told: object) -> bool:
    return isinstance(told, str | bytes) and _PLAIN_TYPE.fullmatch(_text(told)) is not None


def _text(told: str | bytes) -> str:
    return told.decode("ascii", "replace") if isinstance(told, bytes) else told
