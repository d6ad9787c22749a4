"""Reading an HDF5 file: what is in it, and rows of its datasets."""

import os
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

# Compiled modules without stubs.
from h5py import h5d, h5g, h5o  # pyright: ignore[reportAttributeAccessIssue]

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Container, Inventory, Value
from convscope.ingest.hdf5.attributes import read_attributes
from convscope.ingest.hdf5.datasets import CheckedDataset, check_dataset
from convscope.ingest.hdf5.heaps import check_heaps
from convscope.ingest.hdf5.opening import check_hdf5, open_guarded
from convscope.ingest.hdf5.placing import find_pieces
from convscope.ingest.hdf5.preflight import LIMITS, SkippedLink, check_links, walk
from convscope.ingest.hdf5.rows import read_part, read_texts
from convscope.ingest.pieces import Stamp
from convscope.values.arrays import FloatArray
from convscope.values.header import Notice


class Hdf5Reader:
    """Reads rows of an open file; made by `open_hdf5`.

    Parameters
    ----------
    file
        Open file.
    place
        The file as errors name it.
    """

    def __init__(self, file: "h5py.File", place: str) -> None:
        self._file = file
        self._root = h5g.open(file.id, b"/")
        self._place = place

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of a dataset, whole for a scalar.

        Parameters
        ----------
        dataset
            Path from the root.
        start, stop
            Rows of axis 0; to the end when ``stop`` is left out.

        Returns
        -------
        NDArray
            Shape (rows, ...); structured for compound types.

        Raises
        ------
        LogFormatError
            If there is no such dataset or it cannot be read.
        RefusedFileError
            If it may do harm.
        """
        return self._part(dataset, {0: (start, stop)})

    def read_floats(self, dataset: str, start: int = 0, stop: int | None = None) -> FloatArray:
        """Return rows as `read` does, but as float64, and in less time than turning them into it takes."""
        return self._part(dataset, {0: (start, stop)}, np.float64)

    def read_part(self, dataset: str, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[np.generic]:
        """Return a part of a dataset.

        Parameters
        ----------
        dataset
            Path from the root.
        spans
            From where to where on some axes; the others are read whole.
        """
        return self._part(dataset, spans)

    @property
    def place(self) -> str:
        """The file as errors name it."""
        return self._place

    @property
    def descriptor(self) -> int:
        """Of the open file, for reading bytes of it."""
        return int(self._file.id.get_vfd_handle())

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of a dataset, flattened.

        Raises
        ------
        LogFormatError
            If there is no such dataset, it holds no text, or it cannot be read.
        RefusedFileError
            If it may do harm, or its texts are beyond all measure.
        """
        found = self._dataset(dataset)
        where = f"{self._place}:{dataset}"
        with _readable(where):
            return read_texts(found, where=where, file_bytes=int(self._file.id.get_filesize()))

    def _part(
        self, dataset: str, spans: Mapping[int, tuple[int, int | None]], dtype: npt.DTypeLike | None = None
    ) -> npt.NDArray[Any]:
        found = self._dataset(dataset)
        where = f"{self._place}:{dataset}"
        with _readable(where):
            return read_part(found, spans, where=where, dtype=dtype)

    def _dataset(self, path: str) -> CheckedDataset:
        try:
            check_links(self._root, path, self._place)
            found = h5o.open(self._root, path.encode("utf-8", "surrogateescape"))
        except (KeyError, RuntimeError, OSError) as error:
            raise LogFormatError(f"{self._place} has no dataset {path}") from error
        if not isinstance(found, h5d.DatasetID):
            raise LogFormatError(f"{self._place}:{path} is a group, not a dataset")
        return check_dataset(found, f"{self._place}:{path}", LIMITS)


@contextmanager
def _readable(where: str) -> Generator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise LogFormatError(f"{where} cannot be read: {str(error)[:200]}") from error


@contextmanager
def open_hdf5(path: Path) -> Generator[Hdf5Reader]:
    """Open a file for reading rows; its inventory was read before, which is what checks the file as a whole.

    Raises
    ------
    LogFormatError
        If it is no HDF5 file, or a broken one.
    """
    file, _ = open_guarded(path)
    with file:
        yield Hdf5Reader(file, str(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5Store:
    """An HDF5 file to be opened; as `open_hdf5`."""

    path: Path

    def open(self) -> AbstractContextManager[Hdf5Reader]:
        """Open the file for reading rows."""
        return open_hdf5(self.path)


def look_into(path: Path) -> Container:
    """List what a file holds, as `read_inventory` does, and how to open it."""
    return Container(inventory=read_inventory(path), store=Hdf5Store(path=path))


def read_inventory(path: Path) -> Inventory:
    """Walk a file and list what it holds.

    Parameters
    ----------
    path
        A file; nothing about it is trusted.

    Raises
    ------
    LogFormatError
        If it is no HDF5 file, or a broken one.
    RefusedFileError
        If it holds links into other files, external storage, virtual datasets, object types, filters that need
        plug-ins, or asks for absurd amounts of memory.
    """
    check_hdf5(path)
    # Here and not at every opening: it looks at every byte, and each block of rows opens the file.
    check_heaps(path)
    file, is_unfinished = open_guarded(path)
    with file:
        try:
            return _inventory(file.id, str(path), is_unfinished=is_unfinished)
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            if isinstance(error, LogFormatError):
                raise
            raise LogFormatError(f"{path} is a broken HDF5 file: {str(error)[:200]}") from error


def _inventory(file: "h5py.h5f.FileID", place: str, *, is_unfinished: bool) -> Inventory:
    # Places are counted from the end of a preamble by some versions of the library, from its start by others; and not
    # every system reads from a place.
    is_settled = not is_unfinished and not file.get_create_plist().get_userblock() and hasattr(os, "preadv")
    stamp = Stamp.of(file.get_vfd_handle()) if is_settled else None
    groups: list[str] = []
    infos: list[ArrayInfo] = []
    skipped: list[SkippedLink] = []
    attributes: dict[str, Mapping[str, Value]] = {}
    unreadable: list[SkippedLink] = []
    for item in walk(h5g.open(file, b"/"), place):
        if isinstance(item, SkippedLink):
            skipped.append(item)
            continue
        if item.dataset is None:
            groups.append(item.path)
        else:
            infos.append(_info(item.path, item.dataset, stamp))
        if item.n_attributes:
            values, left_out = read_attributes(item.handle, LIMITS, f"{place}:{item.path}")
            attributes |= {item.path: values} if values else {}
            unreadable.extend(SkippedLink(path=f"{item.path}@{name}", reason="attribute") for name in left_out)
    opaque = [SkippedLink(path=info.path, reason="opaque") for info in infos if not info.dtype]
    return Inventory(
        # The walk goes in numbered order.
        datasets={info.path: info for info in infos if info.dtype},
        groups=tuple(groups),
        attributes=attributes,
        notices=_notices([*skipped, *opaque, *unreadable], is_unfinished=is_unfinished),
        stamp=stamp,
    )


def _info(path: str, dataset: CheckedDataset, stamp: Stamp | None) -> ArrayInfo:
    shape = dataset.shape
    try:
        dtype = dataset.dtype
    except TypeError:
        return ArrayInfo(path=path, shape=shape, dtype="")
    if dtype.kind in "OS" and h5py.check_string_dtype(dtype) is not None:
        return ArrayInfo(path=path, shape=shape, dtype="text", is_text=True)
    is_plain = not dataset.is_null and (dtype.kind in "biuf" or dtype.names is not None)
    # Shared by all datasets of the type: there may be millions.
    text = sys.intern(dtype.str) if is_plain else ""
    pieces = find_pieces(dataset, stamp.n_bytes) if text and stamp is not None else None
    return ArrayInfo(path=path, shape=shape, dtype=text, columns=tuple(dtype.names or ()), pieces=pieces)


_SKIPPED = {
    "soft-link": "soft links are not followed",
    "second-name": "a second name of an object that was read already",
    "named-type": "a named type, which holds no data",
    "opaque": "bytes or numbers of a kind that a log does not need; never unpickled",
    "attribute": "attributes that are no text, numbers or lists of them",
}


def _notices(skipped: list[SkippedLink], *, is_unfinished: bool) -> tuple[Notice, ...]:
    count = Counter(item.reason for item in skipped)
    first = {item.reason: item.path for item in reversed(skipped)}
    notices = [
        Notice(code=f"skipped-{reason}", message=f"left out ({count[reason]}): {text}", where=first[reason])
        for reason, text in _SKIPPED.items()
        if count[reason]
    ]
    if is_unfinished:
        message = "the file was not closed by its writer: what was flushed is read, the rest is lost"
        notices.insert(0, Notice(code="unfinished-file", message=message))
    return tuple(notices)
