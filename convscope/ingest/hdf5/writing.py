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
from convscope.ingest.hdf5.publishing import publish, taken, writing
from convscope.ingest.hdf5.storage import PACKED, Storage, chunk_shape

Attribute = str | int | Sequence[int]
"""What an attribute may be given: text, a number, a list of numbers."""


class Hdf5Writer:
    """Writes an open file; made by `create_hdf5`, or by `open_growing` for one that grows.

    Parameters
    ----------
    file
        Open for writing.
    disk
        What it is written to; None where the library writes to the file itself.

    Notes
    -----
    Every axis of every dataset carries a dimension scale, which makes the file a netCDF-4 file too.
    """

    def __init__(self, file: "h5py.File", disk: Disk | None = None) -> None:
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
        storage: Storage = PACKED,
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
        storage
            How it lies in the file.
        """
        dataset = self._file.create_dataset(
            path,
            shape=tuple(shape),
            # A chunk is not empty, and the library has it fit into an axis that cannot grow.
            maxshape=(None, *(length or None for length in shape[1:])),
            dtype=dtype,
            fillvalue=missing,
            chunks=chunk_shape(shape, np.dtype(dtype).itemsize, storage),
            track_times=False,
            **storage.filters_of(np.dtype(dtype)),
        )
        if missing is not None:
            dataset.attrs.create("_FillValue", missing, dtype=dtype)
        self._finish(dataset, axes, attributes or {}, storage=storage)

    def write(self, path: str, start: int, values: npt.NDArray[np.generic]) -> None:
        """Write rows of a dataset, of its type and from a row on."""
        if values.size:
            _write_rows(self._dataset(path), start, values)
        if self._disk is not None:
            self._disk.check()

    def append(self, path: str, start: int, values: npt.NDArray[np.generic]) -> None:
        """Let a column end with these rows, the first of them in row ``start``; rows between keep the fill value."""
        dataset = self._dataset(path)
        dataset.id.set_extent((start + len(values), *dataset.shape[1:]))
        self.write(path, start, values)

    def append_texts(self, path: str, start: int, texts: Sequence[str]) -> None:
        """Let a column of texts end with these, each cut to the bytes that it has room for."""
        dtype = self._dataset(path).dtype
        encoded = [encode_text(text) for text in texts]
        whole = [
            t if len(t) <= dtype.itemsize else t[: dtype.itemsize].decode(errors="ignore").encode() for t in encoded
        ]
        self.append(path, start, np.array(whole, dtype=dtype))

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def cut_off(self) -> None:
        """Let all that is written from now on go nowhere; in a process that was forked off."""
        if self._file:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, self._file.id.get_vfd_handle())
            os.close(nowhere)

    def texts(self, path: str, axis: str, texts: Sequence[str], *, width: int = 1, storage: Storage = PACKED) -> None:
        """Write a column of texts, as UTF-8 of fixed length.

        Parameters
        ----------
        path, axis
            As in `column`.
        texts
            One a row.
        width
            Bytes that a text has room for, at least; those that are written now have room in any case.
        storage
            How it lies in the file.
        """
        encoded = [encode_text(text) for text in texts]
        width = max([width, *(len(text) for text in encoded)])
        dataset = self._file.create_dataset(
            path,
            data=np.array(encoded, dtype=h5py.string_dtype("utf-8", width)),
            maxshape=(None,),
            chunks=chunk_shape((len(texts),), width, storage),
            track_times=False,
            **storage.filters,
        )
        self._finish(dataset, (axis,), {}, storage=storage)

    def _dataset(self, path: str) -> "h5py.Dataset":
        if path not in self._datasets:
            found = self._file[path]
            if not isinstance(found, h5py.Dataset):
                raise ValueError(f"{path} is no column")
            self._datasets[path] = found
        return self._datasets[path]

    def _finish(
        self,
        dataset: "h5py.Dataset",
        axes: Sequence[str],
        attributes: Mapping[str, Attribute],
        *,
        storage: Storage,
    ) -> None:
        for name, value in attributes.items():
            _set_attribute(dataset, name, value)
        for number, (axis, length) in enumerate(zip(axes, dataset.shape, strict=True)):
            dataset.dims[number].label = axis
            dataset.dims[number].attach_scale(self._scale(axis, length, storage if number == 0 else PACKED))

    def _scale(self, axis: str, length: int, storage: Storage) -> "h5py.Dataset":
        if axis not in self._scales:
            scale = self._file.create_dataset(
                axis,
                data=np.arange(length, dtype="<i4"),
                maxshape=(None,),
                chunks=chunk_shape((length,), 4, storage),
                track_times=False,
                **storage.filters,
            )
            scale.make_scale(f"{_NO_VARIABLE}{length:10d}")
            self._scales[axis] = scale
        scale = self._scales[axis]
        if scale.shape != (length,):
            raise ValueError(f"axis {axis!r} has length {scale.shape[0]} already, not {length}")
        return scale


@contextmanager
def create_hdf5(path: Path, *, is_claimed: bool = False) -> Generator[Hdf5Writer]:
    """Create a file; it appears under its name only when the block has ended without an error.

    Parameters
    ----------
    path
        Where nothing is yet; nothing is ever overwritten.
    is_claimed
        Whether `claim` was called for the path: the file takes the place of the empty one.

    Raises
    ------
    OutputError
        If something is there already, or the folder cannot be written.
    """
    if not is_claimed and os.path.lexists(path):
        raise OutputError(taken(path))
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with writing(path), Disk(partial) as disk:
            try:
                with h5py.File(disk, "w", libver=("v110", "v110")) as file:
                    yield Hdf5Writer(file, disk)
            finally:
                # First what the disk said: whatever else went wrong came of it.
                disk.check()
        with writing(path):
            if is_claimed:
                partial.replace(path)
            else:
                publish(partial, path)
    finally:
        partial.unlink(missing_ok=True)


_MAX_FIXED = 1 << 15

# What netCDF-4 calls an axis without coordinates of its own; a reader then cannot take it for a column.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."


def encode_text(text: str) -> bytes:
    """Return a text as UTF-8; bytes that were no text when they were read are what they were."""
    return text.encode("utf-8", "surrogateescape")


def _write_rows(dataset: "h5py.Dataset", start: int, values: npt.NDArray[np.generic]) -> None:
    # A recorder writes a few rows of a dozen columns each second, and a simulator waits for it: the library's
    # conveniences take twice as long as the writing.
    space = dataset.id.get_space()
    space.select_hyperslab((start, *[0] * (values.ndim - 1)), values.shape)
    rows = np.ascontiguousarray(values)
    dataset.id.write(h5py.h5s.create_simple(rows.shape), space, rows, h5py.h5t.py_create(rows.dtype, logical=True))


def _set_attribute(owner: "h5py.Group | h5py.Dataset", name: str, value: Attribute) -> None:
    if isinstance(value, str):
        encoded = encode_text(value)
        # Readers refuse elements of absurd size; a text of varying length is a small element that points to a heap.
        kind = h5py.string_dtype("utf-8", max(1, len(encoded)) if len(encoded) <= _MAX_FIXED else None)
        owner.attrs.create(name, np.array(encoded, dtype=kind), dtype=kind)
    else:
        owner.attrs.create(name, np.asarray(value, dtype="<i8"))
