"""Memory-mapped TensorDicts: a ``meta.json`` a level and raw numbers beside it, in a folder or in a zip archive of it.

As tensordict 0.14 writes them (``TensorDict.memmap``, ``TensorDict.save``; ``.tdz`` for archives). The numbers have no
header, so that shape and type come from the ``meta.json``, and the size of the file must agree.
"""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.json_text import parsed_json
from convscope.ingest.names import in_numbered_order
from convscope.values.header import Notice, left_out

MAX_DEPTH = 12
"""Levels inside levels."""
MAX_SIZE = 1 << 46
"""Entries along an axis."""
_DTYPES = {
    f"torch.{name}": np.dtype(name)
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
}


class Files(Protocol):
    """The files of a memory-mapped TensorDict."""

    def small(self, name: str) -> bytes | None:
        """Return the content of a file that describes others; None where there is none, or it is beyond measure."""
        ...

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RawArray:
    """Numbers in a file, without a header."""

    file: str
    """Relative to the folder; empty for the archive itself."""
    offset: int = 0
    info: ArrayInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the ``meta.json`` files say."""

    batch: tuple[int, ...]
    """Batch size of the root."""
    arrays: tuple[RawArray, ...]
    groups: tuple[str, ...]
    notices: tuple[Notice, ...]


class MemmapReader:
    """Reads rows of raw arrays.

    Parameters
    ----------
    path
        The folder or the archive.
    arrays
        By path; their files are as large as they should be.
    """

    def __init__(self, path: Path, arrays: Mapping[str, RawArray]) -> None:
        self._path = path
        self._arrays = arrays

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array, whole for a scalar; read from the disk as they are used."""
        array = self._arrays.get(dataset)
        if array is None:
            raise LogFormatError(f"{self._path} has no array {dataset}")
        shape, dtype = array.info.shape, np.dtype(array.info.dtype)
        if not prod(shape):
            return np.empty(shape, dtype)[start:stop]  # an empty file cannot be mapped
        file = self._path / array.file if array.file else self._path
        try:
            rows: npt.NDArray[Any] = np.memmap(file, dtype, mode="r", offset=array.offset, shape=shape)
        except (OSError, ValueError) as error:
            raise LogFormatError(f"{file} cannot be read: {error}") from error
        return rows[start:stop] if shape else rows.reshape(())

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Refuse: texts are no arrays of a TensorDict."""
        raise LogFormatError(f"{self._path}:{dataset} holds no text")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemmapStore:
    """Raw arrays to be opened."""

    path: Path
    arrays: Mapping[str, RawArray]

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open them for reading rows."""
        return _opened(self)


@contextmanager
def _opened(store: MemmapStore) -> Generator[MemmapReader]:
    yield MemmapReader(store.path, store.arrays)


def memmap_container(path: Path, described: Described) -> Container:
    """Return what a folder or an archive holds, and how to open it."""
    by_path = {array.info.path: array for array in described.arrays}
    arrays = {name: by_path[name] for name in in_numbered_order(by_path)}
    inventory = Inventory(
        datasets={name: array.info for name, array in arrays.items()},
        groups=in_numbered_order(described.groups),
        attributes={},
        notices=described.notices,
    )
    return Container(inventory=inventory, store=MemmapStore(path=path, arrays=arrays))


def describe(files: Files, prefix: str, *, place: str) -> Described:
    """Read the ``meta.json`` of every level.

    Parameters
    ----------
    files
        Nothing about them is trusted.
    prefix
        Folder of the root level, with a slash at its end; empty for the top.
    place
        The folder or the archive, for errors.

    Raises
    ------
    LogFormatError
        If a level is not described, or numbers are missing, or not as many as described.
    """
    walk = _Walk(files=files, place=place)
    root = walk.level(prefix, "")
    batch = walk.sizes(root.get("shape"), f"{prefix}meta.json")
    return Described(batch=batch, arrays=tuple(walk.arrays), groups=tuple(walk.groups), notices=walk.notices())


@dataclass(slots=True, kw_only=True)
class _Walk:
    files: Files
    place: str
    arrays: list[RawArray] = field(default_factory=list[RawArray])
    groups: list[str] = field(default_factory=list[str])
    skipped: list[str] = field(default_factory=list[str])

    def level(self, folder: str, path: str) -> Mapping[str, object]:
        meta = parsed_json(self.files.small(f"{folder}meta.json"))
        if not isinstance(meta, dict) or path.count("/") > MAX_DEPTH:
            raise LogFormatError(f"{self.place}/{folder}meta.json is missing, or describes no level of a TensorDict")
        kind = str(meta.get("_type", ""))
        if "NonTensor" in kind:
            self.skipped.append(path or "/")
        elif "LazyStacked" in kind:
            raise LogFormatError(f"{self.place}/{folder} is a lazy stack; save it with .contiguous()")
        elif self.files.small(f"{folder}_tensordict/meta.json") is not None:
            return self.level(f"{folder}_tensordict/", path)
        else:
            self.groups.append(path or "/")
            for key, entry in meta.items():
                if isinstance(entry, dict):
                    self._entry(folder, f"{path}/{key}", key=str(key), entry=entry)
        return meta

    def _entry(self, folder: str, path: str, *, key: str, entry: Mapping[str, object]) -> None:
        name = _encoded(key)
        if "/" in key or "dtype" not in entry:
            if "/" in key or "type" not in entry:
                self.skipped.append(path)
            else:
                self.level(f"{folder}{name}/", path)
            return
        shape, dtype = entry.get("shape"), _DTYPES.get(str(entry["dtype"]))
        if dtype is None or entry.get("is_nested"):
            self.skipped.append(path)
            return
        info = ArrayInfo(path=path, shape=self.sizes(shape, f"{folder}meta.json"), dtype=dtype.str)
        names = (f"{folder}{name}.memmap", f"{folder}{key}.memmap")
        file = next((found for found in names if self.files.size(found) is not None), names[0])
        size, wanted = self.files.size(file) or 0, prod(info.shape) * dtype.itemsize
        if size != wanted:
            raise LogFormatError(f"{self.place}/{file} has {size} bytes, but {path} {info.shape} takes {wanted}")
        self.arrays.append(RawArray(file=file, info=info))

    def sizes(self, shape: object, file: str) -> tuple[int, ...]:
        if not isinstance(shape, list) or not all(type(size) is int and 0 <= size <= MAX_SIZE for size in shape):
            raise LogFormatError(f"{self.place}/{file} names a shape that is no list of sizes: {str(shape)[:60]}")
        return tuple(shape)

    def notices(self) -> tuple[Notice, ...]:
        what = "entries that are no plain arrays of numbers; never unpickled"
        return left_out(self.skipped, what, code="skipped-entries")


_UNSAFE = frozenset('/<>:"|?*\\ %\x7f') | {chr(code) for code in range(32)}


def _encoded(key: str) -> str:
    """Return the name of a key in the file system, as tensordict's ``_encode_key_for_filesystem`` writes it."""
    if not key or key in {".", ".."}:
        return "%2E" * len(key) or "%"
    return "".join(f"%{ord(char):02X}" if char in _UNSAFE else char for char in key)
