"""Many small datasets of one type, read as one array."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.hdf5.decoding import Encoding
from convscope.ingest.hdf5.grid import Grid, box_of
from convscope.ingest.hdf5.reading import Hdf5Reader
from convscope.ingest.pieces import PIECE_NUMBERS, Pieces, Stamp
from convscope.values.arrays import IntArray, ranges, sealed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredArrays:
    """Where the bytes of many datasets lie: a few arrays however many there are, so that any process may have it."""

    stamp: Stamp
    """Of the file in which they lie."""
    dtype: str
    row_shape: tuple[int, ...]
    """What remains of each without the first axis."""
    filters: tuple[int, ...]
    """In the order in which they were applied."""
    n_rows: IntArray
    """Of each dataset, shape (n,); 0 for one that is not there."""
    step: IntArray
    """Shape of a piece of each, shape (n, axes)."""
    first: IntArray
    """First piece of each, and the end, shape (n + 1,)."""
    pieces: IntArray
    """Place in the file, bytes stored and filters left out of each piece, shape (pieces, 3)."""

    def __post_init__(self) -> None:
        n_arrays, n_axes = len(self.n_rows), 1 + len(self.row_shape)
        shapes = {"n_rows": (n_arrays,), "step": (n_arrays, n_axes), "first": (n_arrays + 1,)}
        for name, shape in (shapes | {"pieces": (None, PIECE_NUMBERS)}).items():
            object.__setattr__(self, name, sealed(getattr(self, name), shape, name))

    def of(self, which: IntArray) -> "StoredArrays":
        """Return some of the datasets, in the order asked for."""
        first, last = self.first[which], self.first[which + 1]
        return StoredArrays(
            stamp=self.stamp,
            dtype=self.dtype,
            row_shape=self.row_shape,
            filters=self.filters,
            n_rows=self.n_rows[which],
            step=self.step[which],
            first=np.concatenate([[0], np.cumsum(last - first)]),
            pieces=self.pieces[ranges(first, last)],
        )

    def read(self, file: int, start: IntArray, stop: IntArray, *, place_of: Callable[[int], str]) -> npt.NDArray[Any]:
        """Read rows of each dataset.

        Parameters
        ----------
        file
            Descriptor of the file.
        start, stop
            Rows of each dataset, within it, shape (n,).
        place_of
            Gives file and path of each, for errors.

        Returns
        -------
        NDArray
            The rows of one after the other.

        Raises
        ------
        RefusedFileError
            If what is stored is not what a dataset declares.
        ValueError
            If rows are asked for that a dataset does not have.
        """
        if not ((start >= 0) & (start <= stop) & (stop <= self.n_rows)).all():
            raise ValueError("a dataset does not have the rows asked for")
        ends = np.cumsum(stop - start)
        rows = np.empty((int(ends.max(initial=0)), *self.row_shape), self.dtype)
        if self._is_plain():
            row_bytes = rows.itemsize * prod(self.row_shape)
            places = self.pieces[:, 0] + start * row_bytes
            _read_plain(file, places, rows, n_bytes=(stop - start) * row_bytes, place_of=place_of)
            return rows
        spans = zip(start.tolist(), stop.tolist(), ends.tolist(), strict=True)
        for number, (low, high, end) in enumerate(spans):
            if high > low:
                self._read_one(file, number, rows[end - (high - low) : end], start=low, where=place_of(number))
        return rows

    def _is_plain(self) -> bool:
        """Whether each dataset is one piece, just as it is in memory."""
        n_bytes = np.prod(self.step, axis=1) * np.dtype(self.dtype).itemsize
        return (
            not self.filters
            and len(self.pieces) == len(self.n_rows)
            and bool((np.diff(self.first) == 1).all())
            and bool((self.step[:, 1:] == self.row_shape).all())
            and bool((self.pieces[:, 1] == n_bytes).all())
        )

    def _read_one(self, file: int, number: int, rows: npt.NDArray[Any], *, start: int, where: str) -> None:
        n_rows, stop = int(self.n_rows[number]), start + len(rows)
        grid = Grid((n_rows, *self.row_shape), tuple(self.step[number].tolist()))
        n_bytes = prod(grid.step) * rows.itemsize
        encoding = Encoding(filters=self.filters, item_bytes=rows.itemsize, n_bytes=n_bytes)
        pieces = self.pieces[self.first[number] : self.first[number + 1]].tolist()
        box = box_of(grid.shape, {0: (start, stop)})
        for corner, (place, n_stored, mask) in zip(grid.corners(box_of(grid.shape, {})), pieces, strict=True):
            if corner[0] + grid.step[0] <= start or corner[0] >= stop:
                continue
            piece = f"{where}: the chunk at {corner}"
            applied = encoding.applied(mask, n_stored, piece)
            content = encoding.decoded(os.pread(file, n_stored, place), applied, piece)
            here, there = grid.overlap(corner, box)
            rows[here] = np.frombuffer(content, rows.dtype).reshape(grid.step)[there]


def stored_arrays(inventory: Inventory, paths: Sequence[str]) -> StoredArrays | None:
    """Return where the bytes of datasets lie, to be given to `read_each`.

    Parameters
    ----------
    inventory
        What the file holds.
    paths
        Datasets; those that the file does not hold, or holds empty, have no rows.

    Returns
    -------
    StoredArrays | None
        None where they are of several types, or only the library can read them.
    """
    infos = [inventory.datasets.get(path) for path in paths]
    is_known = all(info is None or info.pieces is not None or 0 in info.shape for info in infos)
    if inventory.stamp is None or not is_known:
        return None
    return _gathered([None if info is None else info.pieces for info in infos], inventory.stamp)


def read_each(
    file: ArrayReader, path_of: Callable[[int], str], *, start: IntArray, stop: IntArray, stored: StoredArrays | None
) -> npt.NDArray[np.generic]:
    """Return rows of several datasets, one after the other.

    Parameters
    ----------
    file
        Open file.
    path_of
        Gives the path of each dataset; all have rows of the same shape.
    start, stop
        Rows of each, within it, shape (n,), n at least 1.
    stored
        Where they lie, as `stored_arrays` says: many small datasets are then read in a fraction of the time. Used
        only if the file has not changed since.

    Raises
    ------
    LogFormatError
        If there is no such dataset or it cannot be read.
    RefusedFileError
        If it may do harm.
    """
    if stored is not None and isinstance(file, Hdf5Reader) and stored.stamp == Stamp.of(file.descriptor):
        try:
            return stored.read(file.descriptor, start, stop, place_of=lambda number: f"{file.place}:{path_of(number)}")
        except OSError as error:
            raise LogFormatError(f"{file.place} cannot be read: {error.strerror or error}") from error
    spans = enumerate(zip(start.tolist(), stop.tolist(), strict=True))
    return np.concatenate([file.read(path_of(number), low, high) for number, (low, high) in spans])


def _gathered(pieces: Sequence[Pieces | None], stamp: Stamp) -> StoredArrays | None:
    there = [found for found in pieces if found is not None]
    kinds = {(found.dtype, found.shape[1:], found.filters) for found in there}
    if len(kinds) != 1:
        return None
    ((dtype, row_shape, filters),) = kinds
    no_step = (0,) * (1 + len(row_shape))
    n_pieces = [0 if found is None else found.n_pieces for found in pieces]
    table = np.frombuffer(b"".join(found.table for found in there), "<i8").astype(np.int64)
    return StoredArrays(
        stamp=stamp,
        dtype=dtype,
        row_shape=row_shape,
        filters=filters,
        n_rows=np.array([0 if found is None else found.shape[0] for found in pieces], dtype=np.int64),
        step=np.array([no_step if found is None else found.step for found in pieces], dtype=np.int64),
        first=np.concatenate([[0], np.cumsum(n_pieces, dtype=np.int64)]),
        pieces=table.reshape(-1, PIECE_NUMBERS),
    )


def _read_plain(
    file: int, places: IntArray, rows: npt.NDArray[Any], *, n_bytes: IntArray, place_of: Callable[[int], str]
) -> None:
    # The stubs of numpy 2 do not know yet that arrays are buffers in Python 3.11.
    content = memoryview(rows.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
    at = 0
    for number, (place, size) in enumerate(zip(places.tolist(), n_bytes.tolist(), strict=True)):
        if os.preadv(file, [content[at : at + size]], place) != size:
            raise RefusedFileError("broken-storage", f"{place_of(number)} reaches beyond the end of the file")
        at += size
