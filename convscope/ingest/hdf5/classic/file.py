"""The head of a file, and the walk over its objects."""

import os
import struct
from pathlib import Path
from typing import NamedTuple

from convscope.ingest.container import ArrayInfo, Inventory, Value
from convscope.ingest.hdf5.classic.arrays import read_array
from convscope.ingest.hdf5.classic.attributes import read_values
from convscope.ingest.hdf5.classic.groups import read_links
from convscope.ingest.hdf5.classic.headers import NOTHING, read_header
from convscope.ingest.hdf5.classic.pages import Pages
from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar
from convscope.ingest.hdf5.limits import Limits
from convscope.ingest.hdf5.skipped import SkippedLink, notices_of
from convscope.ingest.names import numbered_key
from convscope.ingest.pieces import Stamp

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAD = struct.Struct("<8sBBBxBBBx4xI6Q")
_ADDRESS_BYTES = 8
_BROKEN = (Unfamiliar, struct.error, ValueError, IndexError, OverflowError)


def read_classic(path: Path, limits: Limits) -> Inventory | None:
    """List what a file holds.

    Parameters
    ----------
    path
        A plain file; nothing about it is trusted.
    limits
        Budgets.

    Returns
    -------
    Inventory | None
        The same as the library's walk finds; None where something is not known here, broken, or beyond the budgets.
    """
    with path.open("rb", buffering=0) as stream:
        try:
            pages = Pages(stream.fileno())
            return _Walk(pages, limits).inventory(_root(pages), Stamp.of(stream.fileno()))
        except _BROKEN:
            return None


def _root(pages: Pages) -> int:
    """Return where the first group is."""
    signature, *versions, flags, base, _, end, driver, _, root = _HEAD.unpack(pages.at(0, _HEAD.size))
    is_known = signature == _SIGNATURE and versions == [0, 0, 0, 0, _ADDRESS_BYTES, _ADDRESS_BYTES]
    is_closed = not flags and end <= pages.n_bytes
    # A reader of its own, or a preamble before the file: the library knows both.
    if not is_known or not is_closed or base or driver != NOTHING or not hasattr(os, "preadv"):
        raise Unfamiliar
    return int(root)


class _Child(NamedTuple):
    path: str
    address: int
    depth: int


class _Walk:
    """Visits each object once, parents first, names in numbered order."""

    def __init__(self, pages: Pages, limits: Limits) -> None:
        self._pages = pages
        self._limits = limits
        self._groups: list[str] = []
        self._arrays: dict[str, ArrayInfo] = {}
        self._attributes: dict[str, dict[str, Value]] = {}
        self._skipped: list[SkippedLink] = []
        self._seen: set[int] = set()

    def inventory(self, root: int, stamp: Stamp) -> Inventory:
        """Visit all that the root leads to."""
        self._seen.add(root)
        waiting = [_Child("/", root, 0)]
        while waiting:
            waiting.extend(self._visit(waiting.pop()))
            if len(self._seen) > self._limits.objects:
                raise Unfamiliar
        return Inventory(
            datasets=self._arrays,
            groups=tuple(self._groups),
            attributes=self._attributes,
            notices=notices_of(self._skipped),
            stamp=stamp,
        )

    def _visit(self, child: _Child) -> list[_Child]:
        """Note an object; return what is in it, the last first."""
        header = read_header(self._pages, child.address)
        if header.attributes:
            values = read_values(self._pages, header.attributes, self._limits)
            self._attributes |= {child.path: values} if values else {}
        if not header.is_group:
            self._arrays[child.path] = read_array(self._pages, header, child.path, limits=self._limits)
            return []
        if child.depth > self._limits.depth:
            raise Unfamiliar
        self._groups.append(child.path)
        return self._followed(child, header.table)

    def _followed(self, group: _Child, table: bytes) -> list[_Child]:
        head = group.path.rstrip("/")
        links = read_links(self._pages, table, most=self._limits.links)
        named = sorted(((link.name.decode("utf-8", "surrogateescape"), link) for link in links), key=_order)
        followed: list[_Child] = []
        for name, link in reversed(named):
            if len(link.name) > self._limits.name_bytes:
                raise Unfamiliar
            path = f"{head}/{name}"
            if link.is_soft or link.address in self._seen:
                self._skipped.append(SkippedLink(path=path, reason="soft-link" if link.is_soft else "second-name"))
            else:
                self._seen.add(link.address)
                followed.append(_Child(path, link.address, group.depth + 1))
        return followed


def _order(named: tuple[str, object]) -> tuple[tuple[int, int, str, str], ...]:
    return numbered_key(named[0])
