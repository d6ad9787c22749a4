"""Logs that can only be read whole (JSON, text, decoded archives): parsed once in a process, then kept in memory."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory, Value
from convscope.ingest.folder import list_files
from convscope.ingest.names import in_numbered_order
from convscope.values.header import Notice

MAX_PARSED_BYTES = 1 << 30
"""A larger log of such a kind is refused: it would not fit in memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parsed:
    """What a parser made of a file or a folder."""

    arrays: Mapping[str, npt.NDArray[Any]]
    """By path (``/actions``); numbers, truth values, or texts of fixed length (``U``)."""
    attributes: Mapping[str, Mapping[str, Value]] = field(default_factory=dict[str, Mapping[str, Value]])
    """By path of an array, or ``/``."""
    notices: tuple[Notice, ...] = ()
    """What was left out."""


Parse: TypeAlias = Callable[[Path], Parsed]
"""A function of a module, so that any process can call it by name; the same file gives the same arrays."""


class MemoryReader:
    """Reads rows of arrays in memory.

    Parameters
    ----------
    arrays
        By path.
    place
        The log as errors name it.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], place: str) -> None:
        self._arrays = arrays
        self._place = place

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array, whole for a scalar."""
        found = self._found(dataset)
        return found[start:stop] if found.ndim else found

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of an array, flattened."""
        found = self._found(dataset)
        if found.dtype.kind != "U":
            raise LogFormatError(f"{self._place}:{dataset} holds no text")
        return tuple(str(text) for text in found.ravel().tolist())

    def _found(self, dataset: str) -> npt.NDArray[Any]:
        if dataset not in self._arrays:
            raise LogFormatError(f"{self._place} has no array {dataset}")
        return self._arrays[dataset]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedStore:
    """A log to be parsed where it is needed."""

    path: Path
    parse: Parse

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the parsed arrays for reading rows."""
        return _opened(self)


def parse_container(path: Path, parse: Parse) -> Container:
    """Parse a log and list what it holds.

    Parameters
    ----------
    path
        File or folder.
    parse
        Turns it into arrays; what it cannot understand it says in a `LogFormatError`.

    Raises
    ------
    LogFormatError
        If the log is larger than `MAX_PARSED_BYTES`, or the parser refuses it.
    """
    parsed = _parsed(path, parse)
    infos = {name: _info(name, parsed.arrays[name]) for name in in_numbered_order(parsed.arrays)}
    inventory = Inventory(datasets=infos, attributes=parsed.attributes, notices=parsed.notices)
    return Container(inventory=inventory, store=ParsedStore(path=path, parse=parse))


def coded(texts: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return texts as numbers and what the numbers stand for, names with numbers in them in numbered order.

    Parameters
    ----------
    texts
        Any shape.

    Returns
    -------
    codes
        The same shape.
    names
        By code.
    """
    found, codes = np.unique(texts, return_inverse=True)
    names = in_numbered_order(str(text) for text in found)
    place = np.array([names.index(str(text)) for text in found], dtype=np.int64)
    return place[codes].reshape(np.shape(texts)), names


@contextmanager
def _opened(store: ParsedStore) -> Generator[MemoryReader]:
    yield MemoryReader(_parsed(store.path, store.parse).arrays, str(store.path))


def _info(path: str, array: npt.NDArray[Any]) -> ArrayInfo:
    is_text = array.dtype.kind == "U"
    return ArrayInfo(path=path, shape=array.shape, dtype="text" if is_text else array.dtype.str, is_text=is_text)


def _parsed(path: Path, parse: Parse) -> Parsed:
    names = list_files(path) if path.is_dir() else ("",)
    states = [(path / name).stat() for name in names]
    if sum(state.st_size for state in states) > MAX_PARSED_BYTES:
        raise LogFormatError(
            f"{path} is larger than {MAX_PARSED_BYTES >> 20} MiB and can only be read whole; give it in parts"
        )
    return _remembered(path, parse, tuple((state.st_size, state.st_mtime_ns) for state in states))


@lru_cache(maxsize=4)
def _remembered(path: Path, parse: Parse, state: tuple[tuple[int, int], ...]) -> Parsed:  # noqa: ARG001  part of the key
    return parse(path)
