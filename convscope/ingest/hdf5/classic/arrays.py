"""Datasets: their shape and type, and where their bytes lie."""

import struct
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from convscope.ingest.container import ArrayInfo
from convscope.ingest.hdf5.classic.headers import NOTHING, Header
from convscope.ingest.hdf5.classic.pages import Pages
from convscope.ingest.hdf5.classic.trees import read_leaves
from convscope.ingest.hdf5.classic.types import Kind, read_filters, read_shape, read_type
from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar
from convscope.ingest.hdf5.datasets import problem_of
from convscope.ingest.hdf5.decoding import DECODED_HERE
from convscope.ingest.hdf5.grid import Grid
from convscope.ingest.hdf5.limits import Limits
from convscope.ingest.hdf5.placing import corners_of
from convscope.ingest.pieces import Pieces, packed_pieces

_VERSION = 3
_COMPACT, _WHOLE, _CHUNKED = 0, 1, 2
_TREE_AT = 3
"""Where a chunked layout tells the address of the tree."""
_SIZES_AT = _TREE_AT + 8
"""What comes after it: the shape of a chunk."""
_ADDRESS = struct.Struct("<Q")
_PLACE = struct.Struct("<QQ")
_CHUNKS = 1
"""Kind of a node that leads to chunks."""


def read_array(pages: Pages, header: Header, path: str, *, limits: Limits) -> ArrayInfo:
    """Return what a dataset is.

    Parameters
    ----------
    pages
        The file.
    header
        The dataset's.
    path
        From the root.
    limits
        Budgets.

    Raises
    ------
    Unfamiliar
        If it is of a kind that is not known here, or beyond the budgets: the library's walk says so.
    """
    layout = header.layout
    like_others = layout[:2] + layout[_SIZES_AT:]
    form = _form(header.space, header.type, like_others, filtered=header.filters, limits=limits)
    stored = _Stored(pages, layout, form)
    if form.n_bytes > limits.expansion_floor and form.n_bytes > limits.expansion * max(stored.n_bytes(), 1):
        raise Unfamiliar
    if not form.dtype:
        return ArrayInfo(path=path, shape=form.shape, dtype="text", is_text=True)
    table = stored.table() if form.is_readable else None
    pieces = None
    if table is not None:
        pieces = Pieces(shape=form.shape, dtype=form.dtype, filters=form.filters, step=form.grid.step, table=table)
    return ArrayInfo(path=path, shape=form.shape, dtype=form.dtype, pieces=pieces)


class _Form(NamedTuple):
    """What thousands of datasets have in common."""

    dtype: str
    """Empty for texts."""
    shape: tuple[int, ...]
    grid: Grid
    is_cut: bool
    """Whether into chunks."""
    filters: tuple[int, ...]
    n_bytes: int
    is_readable: bool
    """Whether there is something to read, and no need of the library for it."""


@lru_cache(maxsize=1 << 12)
def _form(space: bytes, kind_of: bytes, layout: bytes, *, filtered: bytes, limits: Limits) -> _Form:
    shape, kind, filters = read_shape(space), read_type(kind_of), read_filters(filtered)
    version, of_class = layout[0], layout[1]
    if version != _VERSION or of_class not in {_COMPACT, _WHOLE, _CHUNKED} or len(shape) > limits.rank:
        raise Unfamiliar
    chunk = _chunk(layout[2:], shape, kind) if of_class == _CHUNKED else None
    n_bytes, problem = problem_of(shape, kind.n_bytes, chunk, filters=filters, limits=limits)
    if problem is not None or kind.n_bytes > limits.item_bytes:
        raise Unfamiliar
    return _Form(
        dtype="" if kind.number is None else sys.intern(kind.number.str),
        shape=shape,
        grid=Grid(shape, shape if chunk is None or chunk == shape else chunk),
        is_cut=chunk is not None,
        filters=filters,
        n_bytes=n_bytes,
        is_readable=bool(shape) and 0 not in shape and DECODED_HERE.issuperset(filters),
    )


def _chunk(sizes: bytes, shape: tuple[int, ...], kind: Kind) -> tuple[int, ...]:
    """Return the shape of a chunk; the last number is the size of an element."""
    *chunk, n_item_bytes = struct.unpack_from(f"<{len(shape) + 1}I", sizes)
    if n_item_bytes != kind.n_bytes or 0 in chunk:
        raise Unfamiliar
    return tuple(chunk)


class _Stored(NamedTuple):
    """What the file holds of a dataset."""

    pages: Pages
    layout: bytes
    form: _Form

    def n_bytes(self) -> int:
        """Return how many bytes there are."""
        if self.form.is_cut:
            return sum(n_bytes for _, _, n_bytes, _ in self._chunks())
        return self.form.n_bytes if self._whole() is not None else 0

    def table(self) -> bytes | None:
        """Return where all pieces lie; None where there are too many, or some are missing."""
        if not self.form.is_cut:
            place = self._whole()
            return None if place is None else packed_pieces([(place, self.form.n_bytes, 0)])
        corners = corners_of(self.form.grid)
        if not corners:
            return None
        found: dict[tuple[int, ...], tuple[int, int, int]] = {}
        for corner, *piece in self._chunks():
            if corner in found:
                raise Unfamiliar
            place, n_bytes, mask = piece
            if place + n_bytes <= self.pages.n_bytes:
                found[corner] = (place, n_bytes, mask)
        pieces = [found[corner] for corner in corners if corner in found]
        return packed_pieces(pieces) if len(pieces) == len(corners) else None

    def _chunks(self) -> Iterator[tuple[tuple[int, ...], int, int, int]]:
        """Return corner, place, bytes and filters left out of each chunk."""
        n_axes = len(self.form.shape)
        if self.layout[2] != n_axes + 1:
            raise Unfamiliar
        tree = _ADDRESS.unpack_from(self.layout, _TREE_AT)[0]
        if tree == NOTHING:
            return
        entries = read_leaves(self.pages, tree, _entry(n_axes), kind=_CHUNKS, most=self.form.grid.n_chunks)
        for n_bytes, mask, *corner, _, place in entries:
            yield tuple(corner), place, n_bytes, mask

    def _whole(self) -> int | None:
        """Return the place of a dataset that lies in one; None where it was never stored, or lies in its header."""
        if self.layout[1] == _COMPACT:
            return None
        place, n_bytes = _PLACE.unpack_from(self.layout, 2)
        if place == NOTHING:
            return None
        if n_bytes != self.form.n_bytes:
            raise Unfamiliar
        return place if place + n_bytes <= self.pages.n_bytes else None


@cache
def _entry(n_axes: int) -> struct.Struct:
    return struct.Struct(f"<II{n_axes + 2}Q")
