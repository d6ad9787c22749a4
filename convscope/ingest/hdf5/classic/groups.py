"""Groups: the names in them, and where they lead."""

import struct
from typing import NamedTuple

from convscope.ingest.hdf5.classic.pages import Pages
from convscope.ingest.hdf5.classic.trees import read_leaves
from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar

_TABLE = struct.Struct("<QQ")
_KEYS = struct.Struct("<QQ")
_LEAF = struct.Struct("<4sBxH")
_ENTRY = struct.Struct("<QQI20x")
_HEAP = struct.Struct("<4sB3xQQQ")
_MAX_HEAP_BYTES = 1 << 28
_GROUPS = 0
"""Kind of a node that leads to names."""
_SOFT = 2
_KINDS = frozenset({0, 1, _SOFT})


class Link(NamedTuple):
    """A name in a group."""

    name: bytes
    address: int
    """Of the object's header."""
    is_soft: bool
    """Whether it leads to a path instead."""


def read_links(pages: Pages, table: bytes, *, most: int) -> list[Link]:
    """Return the links of a group, in no order.

    Parameters
    ----------
    pages
        The file.
    table
        The group's message.
    most
        Links that it may have.
    """
    tree, heap = _TABLE.unpack_from(table)
    names = _names(pages, heap)
    links: list[Link] = []
    for _, leaf in read_leaves(pages, tree, _KEYS, kind=_GROUPS, most=most):
        signature, version, n_links = _LEAF.unpack(pages.at(leaf, _LEAF.size))
        if signature != b"SNOD" or version != 1 or len(links) + n_links > most:
            raise Unfamiliar
        for name, address, kind in _ENTRY.iter_unpack(pages.at(leaf + _LEAF.size, n_links * _ENTRY.size)):
            end = names.find(b"\x00", name)
            if end < 0 or kind not in _KINDS:
                raise Unfamiliar
            link = Link(names[name:end], address, kind == _SOFT)
            if not link.name or b"/" in link.name:
                raise Unfamiliar
            links.append(link)
    return links


def _names(pages: Pages, heap: int) -> bytes:
    signature, version, n_bytes, _, place = _HEAP.unpack(pages.at(heap, _HEAP.size))
    if signature != b"HEAP" or version or n_bytes > _MAX_HEAP_BYTES:
        raise Unfamiliar
    return pages.at(place, n_bytes)
