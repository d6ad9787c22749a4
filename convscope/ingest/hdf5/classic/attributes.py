"""Attributes: numbers, and texts of fixed and varying length."""

import struct
from math import prod

import numpy as np

from convscope.ingest.container import Value
from convscope.ingest.hdf5.attributes import BOOKKEEPING, plain_value
from convscope.ingest.hdf5.classic.pages import Pages
from convscope.ingest.hdf5.classic.types import Kind, read_shape, read_type
from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar
from convscope.ingest.hdf5.limits import Limits
from convscope.ingest.names import in_numbered_order

_HEAD = struct.Struct("<BxHHH")
_TEXT = struct.Struct("<IQI")
_HEAP = struct.Struct("<4sB3xQ")
_OBJECT = struct.Struct("<HH4xQ")


def read_values(pages: Pages, messages: list[bytes], limits: Limits) -> dict[str, Value]:
    """Return the attributes of an object by name, in numbered order.

    Raises
    ------
    Unfamiliar
        If there are more than there may be, or one is neither numbers nor text.
    """
    if len(messages) > limits.attributes:
        raise Unfamiliar
    values = dict(_named(pages, message, limits) for message in messages)
    return {name: values[name] for name in in_numbered_order(values) if name not in BOOKKEEPING}


def _named(pages: Pages, message: bytes, limits: Limits) -> tuple[str, Value]:
    version, n_name, n_type, n_space = _HEAD.unpack_from(message)
    name = message[_HEAD.size : _HEAD.size + n_name].rstrip(b"\x00")
    if version != 1 or len(name) > limits.name_bytes:
        raise Unfamiliar
    text = name.decode("utf-8", "surrogateescape")
    if text in BOOKKEEPING:
        return text, 0
    at_type = _HEAD.size + _aligned(n_name)
    at_space = at_type + _aligned(n_type)
    at_values = at_space + _aligned(n_space)
    kind = read_type(message[at_type:at_space])
    shape = read_shape(message[at_space:at_values])
    n_items = prod(shape)
    if n_items * kind.n_bytes > limits.attribute_bytes or at_values + n_items * kind.n_bytes > len(message):
        raise Unfamiliar
    return text, _value(pages, message[at_values : at_values + n_items * kind.n_bytes], kind, shape=shape)


def _aligned(n_bytes: int) -> int:
    return (n_bytes + 7) // 8 * 8


def _value(pages: Pages, content: bytes, kind: Kind, *, shape: tuple[int, ...]) -> Value:
    if kind.number is not None:
        items = np.frombuffer(content, kind.number)
    elif kind.is_varying:
        items = np.array([_text(pages, place) for place in _TEXT.iter_unpack(content)], dtype=object)
    elif kind.is_padded:
        items = np.frombuffer(content, f"S{kind.n_bytes}")
    else:
        raise Unfamiliar
    value = plain_value(items.reshape(shape))
    if value is None:
        raise Unfamiliar
    return value


def _text(pages: Pages, told: tuple[int, int, int]) -> str:
    """Return a text of a heap, of which its length, the heap's place and its number there are told."""
    n_bytes, heap, index = told
    if not n_bytes:
        return ""
    signature, version, size = _HEAP.unpack(pages.at(heap, _HEAP.size))
    if signature != b"GCOL" or version != 1:
        raise Unfamiliar
    at, end = heap + _HEAP.size, heap + size
    while at + _OBJECT.size <= end:
        number, _, length = _OBJECT.unpack(pages.at(at, _OBJECT.size))
        if number == index and n_bytes <= length and at + _OBJECT.size + length <= end:
            found = pages.at(at + _OBJECT.size, n_bytes)
            # As the library gives it: up to the first zero.
            return found.partition(b"\x00")[0].decode("utf-8", "surrogateescape")
        if not number:
            break
        at += _OBJECT.size + _aligned(length)
    raise Unfamiliar
