"""Types of elements: numbers, truth values and texts."""

from functools import cache, lru_cache
from typing import Any, NamedTuple

import h5py
import numpy as np

from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar

_STRING, _VARYING = 0x13, 0x19
"""First byte of the type: its class, and version 1."""
_NULL_PADDED, _IS_TEXT = 1, 1
_ALIGNED = 8


class Kind(NamedTuple):
    """A type of the file."""

    number: np.dtype[Any] | None
    """As numpy has it; None for texts."""
    n_bytes: int
    """Of an element in the file."""
    is_varying: bool
    """Whether it is a text of varying length, kept in a heap."""
    is_padded: bool
    """Whether it is a text of fixed length that zeros fill up."""


@lru_cache(maxsize=1 << 10)
def read_type(message: bytes) -> Kind:
    """Return what a type is.

    Raises
    ------
    Unfamiliar
        If it is no number of whole bytes, truth value or text.
    """
    number = _numbers().get(message)
    if number is not None:
        return Kind(number, number.itemsize, is_varying=False, is_padded=False)
    n_bytes = int.from_bytes(message[4:8], "little")
    if message[0] == _STRING and n_bytes:
        return Kind(None, n_bytes, is_varying=False, is_padded=message[1] & 0xF == _NULL_PADDED)
    if message[0] == _VARYING and message[1] & 0xF == _IS_TEXT:
        return Kind(None, n_bytes, is_varying=True, is_padded=False)
    raise Unfamiliar


@lru_cache(maxsize=1 << 12)
def read_shape(message: bytes) -> tuple[int, ...]:
    """Return a shape, empty for a scalar."""
    version, n_axes, has_most = message[0], message[1], message[2]
    if version != 1 or has_most not in {0, 1} or _ALIGNED * (1 + n_axes * (1 + has_most)) > len(message):
        raise Unfamiliar
    numbers = np.frombuffer(message[_ALIGNED:], "<u8").tolist()
    shape = tuple(numbers[:n_axes])
    if has_most and any(most < n for n, most in zip(shape, numbers[n_axes : 2 * n_axes], strict=True)):
        raise Unfamiliar
    return shape


@lru_cache(maxsize=1 << 10)
def read_filters(message: bytes) -> tuple[int, ...]:
    """Return the numbers of the filters that chunks go through, in that order."""
    if not message:
        return ()
    numbers: list[int] = []
    at = _ALIGNED
    for _ in range(message[1]):
        number, n_name, _, n_values = np.frombuffer(message[at : at + _ALIGNED], "<u2").tolist()
        numbers.append(number)
        # Names fill up eights, values pairs.
        at += _ALIGNED + -(-n_name // _ALIGNED) * _ALIGNED + (n_values + n_values % 2) * 4
    if message[0] != 1 or at > len(message):
        raise Unfamiliar
    return tuple(numbers)


@cache
def _numbers() -> dict[bytes, np.dtype[Any]]:
    """Return how the file writes each type that numpy has, too."""
    names = [f"{order}{letter}{n}" for order in "<>" for letter, widths in _WIDTHS.items() for n in widths]
    numbers = dict.fromkeys(np.dtype(name) for name in (*names, "|b1"))
    return {_padded(h5py.h5t.py_create(number, logical=True).encode()[2:]): number for number in numbers}


_WIDTHS = {"f": (2, 4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8)}


def _padded(message: bytes) -> bytes:
    return message.ljust(-(-len(message) // _ALIGNED) * _ALIGNED, b"\x00")
