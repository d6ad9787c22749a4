"""Rows of a vault's arrays, read with TensorStore from inside the vault's folder only.

The time axis of a vault claims ten million million rows, and what was never written reads as zeros. So no array is ever
read whole: the vault's own count of rows bounds every reading, and is believed only as far as the size of the folder
makes it possible.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.container import ArrayReader
from convscope.ingest.hdf5.limits import LIMITS
from convscope.ingest.optional import import_optional
from convscope_loaders.vault.strands import Strand

INDEX = "vault_index"
"""Key of the array that counts the rows that were written."""
_CACHE_BYTES = 64 << 20
_ROWS_AT_A_TIME = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """An array of a vault, as its own header describes it."""

    shape: tuple[int, ...]
    """(entries, rows claimed, ...)."""
    dtype: str
    """As numpy writes it; empty for what is no number."""


class VaultFile:
    """The arrays of a vault by their keys, each opened when it is first asked for.

    Parameters
    ----------
    folder
        With a manifest in it.

    Raises
    ------
    MissingPackageError
        If TensorStore is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._tensorstore: Any = import_optional("tensorstore", extra="vault", purpose="a Flashbax vault")
        self._folder = folder
        self._context = self._tensorstore.Context({"cache_pool": {"total_bytes_limit": _CACHE_BYTES}})
        self._opened: dict[str, Any] = {}

    def leaf(self, key: str) -> Leaf:
        """Return the header of an array.

        Raises
        ------
        LogFormatError
            If there is none, or a broken one.
        RefusedFileError
            If it asks for absurd amounts of memory.
        """
        array = self._array(key)
        dtype = "<f4" if array.dtype.name == "bfloat16" else np.dtype(array.dtype.numpy_dtype).str
        is_number = array.dtype.name == "bfloat16" or np.dtype(dtype).kind in "biuf"
        return Leaf(shape=tuple(int(n) for n in array.shape), dtype=dtype if is_number else "")

    def n_rows(self) -> int:
        """Return how many rows the vault says were written.

        Raises
        ------
        LogFormatError
            If it does not say.
        """
        array = self._array(INDEX)
        if tuple(array.shape) != (1,):
            raise LogFormatError(f"{self._folder}: its {INDEX} is no number of rows")
        with _readable(self._folder, INDEX):
            return int(array.read().result()[0])

    def rows(self, key: str, entry: int, *, start: int, stop: int) -> npt.NDArray[np.generic]:
        """Return rows of one entry of the batch axis."""
        array = self._array(key)
        with _readable(self._folder, key):
            read = np.asarray(array[entry, start:stop].read().result())
        return read if read.dtype.kind in "biuf" else read.astype(np.float32)

    def _array(self, key: str) -> Any:  # noqa: ANN401  TensorStore ships no types
        if key not in self._opened:
            # Nothing in the vault says where to read: the folder is ours, and the key a name inside its manifest.
            base = {"driver": "file", "path": f"{self._folder.absolute()}/"}
            spec = {"driver": "zarr", "kvstore": {"driver": "ocdbt", "base": base, "path": key}}
            with _readable(self._folder, key):
                array = self._tensorstore.open(spec, open=True, read=True, context=self._context).result()
            self._check(key, array)
            self._opened[key] = array
        return self._opened[key]

    def _check(self, key: str, array: Any) -> None:  # noqa: ANN401
        where = f"{self._folder}:{key}"
        if array.rank > LIMITS.rank:
            raise RefusedFileError("rank", f"{where} has {array.rank} axes; a log needs at most {LIMITS.rank}")
        chunk = prod(int(n) for n in array.chunk_layout.read_chunk.shape) * array.dtype.numpy_dtype.itemsize
        if chunk > LIMITS.chunk_bytes:
            raise RefusedFileError(
                "chunk-bytes", f"{where} unpacks {chunk} bytes at a time; at most {LIMITS.chunk_bytes} are read"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultStore:
    """The arrays of a vault, one environment's rows after the other's."""

    folder: Path
    key_of: Mapping[str, str]
    """Key in the vault of each array, by its path without the environment: ``/infos/state``."""
    strands: tuple[Strand, ...]
    """Environments. One alone has no place in paths (``/actions``), several have groups (``/rollout_3/actions``)."""

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the vault for reading rows."""
        return _opened(self)

    def groups(self) -> tuple[str, ...]:
        """Return the path of each environment's group."""
        if len(self.strands) == 1:
            return ("",)
        return tuple(f"/rollout_{number}" for number in range(len(self.strands)))

    def runs(self) -> Iterator[tuple[str, int, int]]:
        """Return group, first row and one past the last of runs of rows that are small enough to be read at once."""
        for group, strand in zip(self.groups(), self.strands, strict=True):
            for start in range(0, strand.n_rows, _ROWS_AT_A_TIME):
                yield group, start, min(start + _ROWS_AT_A_TIME, strand.n_rows)


@contextmanager
def _opened(store: VaultStore) -> Generator["_VaultReader"]:
    yield _VaultReader(store, VaultFile(store.folder))


class _VaultReader:
    def __init__(self, store: VaultStore, file: VaultFile) -> None:
        self._store = store
        self._file = file
        self._strand_of = dict(zip(store.groups(), store.strands, strict=True))

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        group, path = _divided(dataset) if len(self._strand_of) > 1 else ("", dataset)
        strand, key = self._strand_of.get(group), self._store.key_of.get(path)
        if strand is None or key is None:
            raise LogFormatError(f"{self._store.folder} has no array {dataset}")
        stop = strand.n_rows if stop is None else min(stop, strand.n_rows)
        parts = [
            self._file.rows(key, piece.entry, start=piece.start, stop=piece.stop)
            for piece in strand.pieces(max(start, 0), max(stop, start, 0))
        ]
        return np.concatenate(parts) if parts else self._file.rows(key, 0, start=0, stop=0)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        raise LogFormatError(f"{self._store.folder}:{dataset} holds no text")


def _divided(dataset: str) -> tuple[str, str]:
    name, _, path = dataset.removeprefix("/").partition("/")
    return f"/{name}", f"/{path}"


@contextmanager
def _readable(folder: Path, key: str) -> Generator[None]:
    try:
        yield
    except (ValueError, RuntimeError, OSError, KeyError, IndexError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise LogFormatError(f"{folder}: its array {key} cannot be read: {reason}") from error
