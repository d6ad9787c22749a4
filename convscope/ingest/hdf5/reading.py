"""Reading an HDF5 file: what is in it, and rows of its datasets."""

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
from convscope.ingest.hdf5.datasets import CheckedDataset, check_dataset
from convscope.ingest.hdf5.limits import LIMITS
from convscope.ingest.hdf5.opening import open_guarded
from convscope.ingest.hdf5.preflight import check_links
from convscope.ingest.hdf5.rows import read_part, read_texts
from convscope.values.arrays import FloatArray


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
