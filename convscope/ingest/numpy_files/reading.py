"""NumPy files as a container of arrays."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory, Value
from convscope.ingest.names import in_numbered_order
from convscope.ingest.numpy_files.listing import Listing, StoredArray, list_arrays
from convscope.ingest.numpy_files.numbers import read_rows

MAX_TEXT_BYTES = 256 << 20
"""Of an array of texts."""
MAX_ATTRIBUTE_BYTES = 1 << 22
"""A longer text, or list of texts, describes nothing."""


class NumpyReader:
    """Reads rows of listed arrays.

    Parameters
    ----------
    listing
        What there is.
    place
        The log as errors name it.
    """

    def __init__(self, listing: Listing, place: str) -> None:
        self._arrays = listing.arrays
        self._place = place

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array, whole for a scalar."""
        return read_rows(self._found(dataset), start, stop)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of an array, flattened."""
        stored = self._found(dataset)
        if not _is_text(stored):
            raise LogFormatError(f"{self._place}:{dataset} holds no text")
        if stored.header.n_bytes > MAX_TEXT_BYTES:
            raise LogFormatError(f"{self._place}:{dataset} holds texts of more than {MAX_TEXT_BYTES >> 20} MiB")
        try:
            return tuple(_decoded(text) for text in read_rows(stored, 0, None).ravel().tolist())
        except (ValueError, SystemError) as error:
            raise LogFormatError(f"{self._place}:{dataset} holds bytes that are no text") from error

    def _found(self, dataset: str) -> StoredArray:
        if dataset not in self._arrays:
            raise LogFormatError(f"{self._place} has no array {dataset}")
        return self._arrays[dataset]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumpyStore:
    """An archive or a folder to be opened."""

    path: Path
    files: tuple[str, ...] = ()
    """The ``.npy`` and ``.npz`` files of a folder; empty for an archive."""

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open it for reading rows."""
        return _opened(self)


def look_into_numpy(path: Path, files: Sequence[str] = ()) -> Container:
    """List what an archive or a folder holds, and how to open it.

    Parameters
    ----------
    path
        An ``.npz`` archive, or a folder; nothing about it is trusted.
    files
        The ``.npy`` and ``.npz`` files of the folder that are meant, relative to it; empty for an archive.

    Returns
    -------
    Container
        A name such as ``next.obs`` is a path; a scalar, and a short list of texts, is an attribute of its group too.

    Raises
    ------
    LogFormatError
        If a file is broken.
    RefusedFileError
        If it could do harm.
    """
    store = NumpyStore(path=path, files=tuple(files))
    listing = list_arrays(path, files)
    inventory = Inventory(
        datasets={name: _info(name, stored) for name, stored in listing.arrays.items()},
        groups=in_numbered_order({"/", *(group for name in listing.arrays for group in _groups_of(name))}),
        attributes=_attributes(listing, NumpyReader(listing, str(path))),
        notices=listing.notices,
    )
    return Container(inventory=inventory, store=store)


@contextmanager
def _opened(store: NumpyStore) -> Generator[NumpyReader]:
    yield NumpyReader(list_arrays(store.path, store.files), str(store.path))


def _info(name: str, stored: StoredArray) -> ArrayInfo:
    dtype = "text" if _is_text(stored) else stored.header.dtype.str
    return ArrayInfo(path=name, shape=stored.header.shape, dtype=dtype, is_text=_is_text(stored))


def _is_text(stored: StoredArray) -> bool:
    return stored.header.dtype.kind in "US"


def _groups_of(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(2, len(parts))]


def _attributes(listing: Listing, file: NumpyReader) -> dict[str, dict[str, Value]]:
    attributes: dict[str, dict[str, Value]] = {}
    for name, stored in listing.arrays.items():
        n_axes = len(stored.header.shape)
        if stored.header.n_bytes > MAX_ATTRIBUTE_BYTES or n_axes > _is_text(stored):
            continue
        group, _, key = name.rpartition("/")
        attributes.setdefault(group or "/", {})[key] = _value(file, name, stored)
    return attributes


def _value(file: NumpyReader, name: str, stored: StoredArray) -> Value:
    if not _is_text(stored):
        number: bool | int | float = file.read(name).item()
        return number
    texts = file.read_text(name)
    return texts if stored.header.shape else texts[0]


def _decoded(text: object) -> str:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    # Half a surrogate pair cannot be written down anywhere.
    return plain.encode("utf-8", "replace").decode("utf-8")
