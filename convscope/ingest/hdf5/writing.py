"""Writing an HDF5 file: columns with named axes, deterministic bytes, whole or not at all."""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from convscope.errors import OutputError
from convscope.ingest.hdf5.disk import Disk

CHUNK_BYTES = 128 << 10
"""Chunks are time-major and about this large: below the library's chunk cache of 1 MiB."""
CHUNK_ROWS = 16 << 10
"""Rows of a chunk of a column with one number a row."""

Attribute = str | int | Sequence[int]
"""What an attribute may be given: text, a number, a list of numbers."""


class Hdf5Writer:
    """Writes an open file; made by `create_hdf5`.

    Parameters
    ----------
    file
        Empty file, open for writing.
    disk
        What it is written to.

    Notes
    -----
    Every axis of every dataset carries a dimension scale, which makes the file a netCDF-4 file too.
    """

    def __init__(self, file: "h5py.File", disk: Disk) -> None:
        self._file = file
        self._disk = disk
        self._datasets: dict[str, h5py.Dataset] = {}
        self._scales: dict[str, h5py.Dataset] = {}

    def group(self, path: str, attributes: Mapping[str, Attribute]) -> None:
        """Create a group, with those above it, or add attributes to one that is there."""
        found = self._file.require_group(path)
        for name, value in attributes.items():
            _set_attribute(found, name, value)

    def column(
        self,
        path: str,
        axes: Sequence[str],
        shape: Sequence[int],
        *,
        dtype: str,
        missing: float | None = None,
        attributes: Mapping[str, Attribute] | None = None,
    ) -> None:
        """Create a dataset to be filled by `write`.

        Parameters
        ----------
        path
            From the root; groups above it are created.
        axes
            Names of the axes; an axis of one name has one length over the file.
        shape
            Lengths of the axes; the first can grow later.
        dtype
            Numeric type, as numpy writes it.
        missing
            Number that stands for a missing cell, kept as the fill value.
        attributes
            More attributes.
        """
        dataset = self._file.create_dataset(
            path,
            shape=tuple(shape),
            # A chunk is not empty, and the library has it fit into an axis that cannot grow.
            maxshape=(None, *(length or None for length in shape[1:])),
            dtype=dtype,
            fillvalue=missing,
            chunks=_chunks(shape, np.dtype(dtype).itemsize),
            **_FILTERS,
        )
        if missing is not None:
            dataset.attrs.create("_FillValue", missing, dtype=dtype)
        self._finish(dataset, axes, attributes or {})
        self._datasets[path] = dataset

    def write(self, path: str, start: int, values: npt.NDArray[np.generic]) -> None:
        """Write rows of a dataset, of its type and from a row on."""
        if values.size:
            self._datasets[path][start : start + len(values)] = values
            self._disk.check()

    def texts(self, path: str, axis: str, texts: Sequence[str]) -> None:
        """Write a column of texts, as UTF-8 of fixed length."""
        encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
        width = max([1, *(len(text) for text in encoded)])
        dataset = self._file.create_dataset(
            path,
            data=np.array(encoded, dtype=h5py.string_dtype("utf-8", width)),
            maxshape=(None,),
            chunks=_chunks((len(texts),), width),
            **_FILTERS,
        )
        self._finish(dataset, (axis,), {})

    def _finish(self, dataset: "h5py.Dataset", axes: Sequence[str], attributes: Mapping[str, Attribute]) -> None:
        for name, value in attributes.items():
            _set_attribute(dataset, name, value)
        for number, (axis, length) in enumerate(zip(axes, dataset.shape, strict=True)):
            dataset.dims[number].label = axis
            dataset.dims[number].attach_scale(self._scale(axis, length))

    def _scale(self, axis: str, length: int) -> "h5py.Dataset":
        if axis not in self._scales:
            chunks = _chunks((length,), 4)
            numbers = np.arange(length, dtype="<i4")
            scale = self._file.create_dataset(axis, data=numbers, maxshape=(None,), chunks=chunks, **_FILTERS)
            scale.make_scale(f"{_NO_VARIABLE}{length:10d}")
            self._scales[axis] = scale
        scale = self._scales[axis]
        if scale.shape != (length,):
            raise ValueError(f"axis {axis!r} has length {scale.shape[0]} already, not {length}")
        return scale


@contextmanager
def create_hdf5(path: Path) -> Generator[Hdf5Writer]:
    """Create a file; it appears under its name only when the block has ended without an error.

    Parameters
    ----------
    path
        Where nothing is yet; nothing is ever overwritten.

    Raises
    ------
    OutputError
        If something is there already, or the folder cannot be written.
    """
    if os.path.lexists(path):
        raise OutputError(f"{path} exists already and is not overwritten; choose another name or remove it")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with _writing(path), Disk(partial) as disk:
            try:
                with h5py.File(disk, "w", libver=("v110", "v110")) as file:
                    yield Hdf5Writer(file, disk)
            finally:
                # First what the disk said: whatever else went wrong came of it.
                disk.check()
        with _writing(path):
            _publish(partial, path)
    finally:
        partial.unlink(missing_ok=True)


_MAX_FIXED = 1 << 15

# What netCDF-4 calls an axis without coordinates of its own; a reader then cannot take it for a column.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."

_FILTERS = {"compression": "gzip", "compression_opts": 4, "shuffle": True, "fletcher32": True, "track_times": False}


@contextmanager
def _writing(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error).replace("\n", " ")[:200]
        raise OutputError(f"{path} cannot be written: {reason}") from error


def _publish(partial: Path, path: Path) -> None:
    try:
        # Unlike a rename, a link fails where a file has appeared in the meantime.
        os.link(partial, path)
    except FileExistsError as error:
        raise OutputError(f"{path} exists already and is not overwritten; choose another name") from error
    except OSError:  # a file system without links
        _reserve(path)
        partial.replace(path)


def _reserve(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError as error:
        raise OutputError(f"{path} exists already and is not overwritten; choose another name") from error


def _chunks(shape: Sequence[int], item_bytes: int) -> tuple[int, ...]:
    rest = tuple(max(1, n) for n in shape[1:])
    rows = CHUNK_BYTES // (item_bytes * int(np.prod(rest))) if rest else CHUNK_ROWS
    return (max(1, min(rows, shape[0])), *rest)


def _set_attribute(owner: "h5py.Group | h5py.Dataset", name: str, value: Attribute) -> None:
    if isinstance(value, str):
        encoded = value.encode("utf-8", "surrogateescape")
        # Readers refuse elements of absurd size; a text of varying length is a small element that points to a heap.
        kind = h5py.string_dtype("utf-8", max(1, len(encoded)) if len(encoded) <= _MAX_FIXED else None)
        owner.attrs.create(name, np.array(encoded, dtype=kind), dtype=kind)
    else:
        owner.attrs.create(name, np.asarray(value, dtype="<i8"))
