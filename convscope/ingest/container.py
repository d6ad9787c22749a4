"""Arrays of a log, wherever they are kept: what containers (HDF5, NumPy, tables, ...) offer and layouts build on."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from convscope.ingest.pieces import Pieces, Stamp
from convscope.values.header import Notice

Value: TypeAlias = str | int | float | bool | tuple["Value", ...]
"""What an attribute may say: text, numbers, and lists of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayInfo:
    """An array as a first look saw it, without its numbers."""

    path: str
    """From the root, such as ``/seed_0/actions``."""
    shape: tuple[int, ...]
    """Empty for a scalar."""
    dtype: str
    """As numpy writes it, such as ``<f4`` or ``|b1``; ``text`` for strings."""
    columns: tuple[str, ...] = ()
    """Field names of a compound type."""
    is_text: bool = False
    """Whether it holds strings, to be read with `ArrayReader.read_text`."""
    pieces: Pieces | None = field(default=None, repr=False, compare=False)
    """Where its bytes lie; None where only its container can read them."""

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers, or truth values."""
        return not self.is_text and not self.columns and np.dtype(self.dtype).kind in "iub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that a container holds, without a row of data."""

    datasets: Mapping[str, ArrayInfo]
    """By path, in numbered order."""
    groups: tuple[str, ...] = ("/",)
    """Paths, the root (``/``) first."""
    attributes: Mapping[str, Mapping[str, Value]]
    """Of every group and dataset that has any, by path."""
    notices: tuple[Notice, ...] = ()
    """What was skipped."""
    stamp: Stamp | None = None
    """Of the file that was looked into; None where it may still grow, or pieces of it are not told."""


class ArrayReader(Protocol):
    """Reads rows of an open container."""

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        """Return rows of an array, whole for a scalar; from ``start`` to the end when ``stop`` is left out.

        Raises
        ------
        LogFormatError
            If there is no such array or it cannot be read.
        """
        ...

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Return the strings of an array, flattened.

        Raises
        ------
        LogFormatError
            If there is no such array, or it holds no text.
        """
        ...


@runtime_checkable
class PartReader(Protocol):
    """Reads parts of arrays without the rows around them."""

    def read_part(self, dataset: str, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[np.generic]:
        """Return a part of an array: from where to where on some axes, the others whole."""
        ...


def read_part(file: ArrayReader, dataset: str, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[np.generic]:
    """Return a part of an array.

    Parameters
    ----------
    file
        Open container; one that is a `PartReader` reads no more than is asked for on any axis.
    dataset
        Path of the array.
    spans
        From where to where on some axes; the others are read whole.
    """
    if isinstance(file, PartReader):
        return file.read_part(dataset, spans)
    return part_of_rows(file, dataset, spans)


def part_of_rows(file: ArrayReader, dataset: str, spans: Mapping[int, tuple[int, int]]) -> npt.NDArray[np.generic]:
    """Return a part of an array out of its whole rows; parameters as in `read_part`."""
    rows = file.read(dataset, *spans.get(0, (0, None)))
    inner = [slice(*spans.get(axis, (None, None))) for axis in range(1, rows.ndim)]
    return rows[(slice(None), *inner)] if inner else rows


class ArrayStore(Protocol):
    """Opens a container. Picklable and small: it knows a path and a plan, never an open file."""

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the container for reading rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a file or a folder of arrays holds, and how to open it."""

    inventory: Inventory
    store: ArrayStore
