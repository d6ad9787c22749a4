"""Object headers: what a group or a dataset says of itself."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from convscope.ingest.hdf5.classic.pages import Pages
from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar

_PREFIX = struct.Struct("<BxHII4x")
_MESSAGE = struct.Struct("<HHB3x")
_BLOCK = struct.Struct("<QQ")
_MAX_BLOCK_BYTES = 1 << 20
_MAX_BLOCKS = 1 << 11

NOTHING = 0xFFFFFFFFFFFFFFFF
"""The address of what was never stored."""

_SPACE, _TYPE, _LAYOUT, _FILTERS, _ATTRIBUTE, _CONTINUED, _TABLE = 0x1, 0x3, 0x8, 0xB, 0xC, 0x10, 0x11
_FILL = 0x5
_PASSED_OVER = frozenset({0x0, 0x4, _FILL, 0xE, 0x12})
"""Room, fill values and times."""
_FILL_VERSIONS = frozenset({1, 2, 3})
_SHARED = 2


class Header(NamedTuple):
    """The messages of an object."""

    kinds: dict[int, bytes]
    """By kind; each of these stands once at most."""
    attributes: list[bytes]

    @property
    def is_group(self) -> bool:
        """Whether it has a table of links."""
        return _TABLE in self.kinds

    @property
    def table(self) -> bytes:
        """Where a group's links are."""
        return self._only(_TABLE)

    @property
    def space(self) -> bytes:
        """Shape."""
        return self._only(_SPACE)

    @property
    def type(self) -> bytes:
        """Type of the elements."""
        return self._only(_TYPE)

    @property
    def layout(self) -> bytes:
        """Where the elements are."""
        return self._only(_LAYOUT)

    @property
    def filters(self) -> bytes:
        """What chunks go through; empty where they go through nothing."""
        return self.kinds.get(_FILTERS, b"")

    def _only(self, kind: int) -> bytes:
        try:
            return self.kinds[kind]
        except KeyError as error:
            raise Unfamiliar from error


def read_header(pages: Pages, address: int) -> Header:
    """Return the header at an address.

    Raises
    ------
    Unfamiliar
        If it holds a message of a kind that is not known here, such as one that leads out of the file.
    """
    kinds: dict[int, bytes] = {}
    attributes: list[bytes] = []
    for kind, content in _messages(pages, address):
        if kind == _ATTRIBUTE:
            attributes.append(content)
        elif kind in _KEPT and kind not in kinds:
            kinds[kind] = content
        elif kind not in _PASSED_OVER or (kind == _FILL and content[0] not in _FILL_VERSIONS):
            raise Unfamiliar
    return Header(kinds, attributes)


_KEPT = frozenset({_SPACE, _TYPE, _LAYOUT, _FILTERS, _TABLE})


def _messages(pages: Pages, address: int) -> Iterator[tuple[int, bytes]]:
    version, n_left, _, size = _PREFIX.unpack(pages.at(address, _PREFIX.size))
    if version != 1:
        raise Unfamiliar
    blocks = [(address + _PREFIX.size, size)]
    for place, n_bytes in blocks:
        if n_bytes > _MAX_BLOCK_BYTES or len(blocks) > _MAX_BLOCKS:
            raise Unfamiliar
        content, at = pages.at(place, n_bytes), 0
        while at + _MESSAGE.size <= n_bytes:
            kind, length, flags = _MESSAGE.unpack_from(content, at)
            at += _MESSAGE.size + length
            if flags & _SHARED or at > n_bytes:
                raise Unfamiliar
            n_left -= 1
            if kind == _CONTINUED:
                blocks.append(_BLOCK.unpack_from(content, at - length))
            else:
                yield kind, content[at - length : at]
    if n_left:
        raise Unfamiliar
