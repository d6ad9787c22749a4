"""Record tables in HDF5 files: datasets with named columns, one or many of the same kind, shown as one table."""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container, Inventory
from convscope.ingest.mapping import Axis
from convscope.ingest.names import in_numbered_order
from convscope.values.arrays import FloatArray
from convscope.values.header import Notice
from convscope_loaders.structure.templates import PathValues
from convscope_loaders.table.record_paths import find_tables

_ROWS_AT_A_TIME = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStore:
    """Record tables of a file, one after the other."""

    base: ArrayStore
    state: tuple[int, int]
    """Size and time of change of the file, so that another one at the place is looked at anew."""
    tables: tuple[str, ...]
    """Paths, in numbered order."""
    rows: tuple[int, ...]
    """Of each table."""
    of_paths: tuple[tuple[str, tuple[int, ...]], ...]
    """By column, the code of each table: what the paths say."""

    @contextmanager
    def open(self) -> Generator["RecordReader"]:
        """Open the tables for reading rows."""
        with self.base.open() as file:
            yield RecordReader(file, self)


class RecordReader:
    """Reads rows of open record tables."""

    def __init__(self, file: ArrayReader, store: RecordStore) -> None:
        self._file, self._store = file, store
        self._of_paths = dict(store.of_paths)
        self._ends = np.cumsum(store.rows)
        self._names = _names(store)
        self._last: tuple[tuple[str, int, int], npt.NDArray[Any]] | None = None

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Return rows of a column as numbers, whichever tables they are in."""
        stop = int(self._ends[-1]) if stop is None else stop
        first, last = np.searchsorted(self._ends, [start, max(stop - 1, start)], side="right").tolist()
        first, last = min(first, len(self._ends) - 1), min(last, len(self._ends) - 1)
        parts: list[npt.NDArray[Any]] = []
        for number in range(first, last + 1):
            n_rows = self._store.rows[number]
            before = int(self._ends[number]) - n_rows
            begin, end = (min(max(row - before, 0), n_rows) for row in (start, stop))
            parts.append(self._part(dataset, number, begin=begin, end=end))
        return np.concatenate(parts)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Refuse: texts are codes here."""
        raise LogFormatError(f"{dataset} holds no text")

    def _part(self, dataset: str, number: int, *, begin: int, end: int) -> npt.NDArray[Any]:
        if dataset in self._of_paths:
            return np.full(end - begin, self._of_paths[dataset][number])
        values = _column(self._records(self._store.tables[number], begin, end), dataset.removeprefix("/"))
        return _codes(values, self._names[dataset]) if dataset in self._names else values

    def _records(self, table: str, begin: int, end: int) -> npt.NDArray[Any]:
        key = (table, begin, end)
        # Columns of the same rows are read one after the other.
        if self._last is None or self._last[0] != key:
            self._last = key, self._file.read(table, begin, end)
        return self._last[1]


def record_container(container: Container, table: str | None, *, place: str, state: tuple[int, int]) -> Container:
    """Return the columns of the record tables of a file.

    Parameters
    ----------
    container
        The file.
    table
        Which tables are meant, as in `convscope.ingest.table_mapping.TableMapping`; None finds those of a log.
    place
        The file, for errors.
    state
        Size and time of change of the file.

    Raises
    ------
    AmbiguousLogError
        If tables of several kinds could be the log.
    LogFormatError
        If there is none, tables of one kind have different columns, or texts of varying length.
    """
    inventory = container.inventory
    found = find_tables(inventory, table, place)
    tables = in_numbered_order(found.values_of)
    levels = {axis: _levels(found.values_of, axis) for axis in found.axes}
    store = RecordStore(
        base=container.store,
        state=state,
        tables=tables,
        rows=tuple(inventory.datasets[path].shape[0] for path in tables),
        of_paths=tuple(
            (f"/{{{axis}}}", tuple(names.index(found.values_of[path][axis]) for path in tables))
            for axis, names in levels.items()
        ),
    )
    infos, left_out = _columns(store, place)
    names = {**_names(store), **{f"/{{{axis}}}": own for axis, own in levels.items()}}
    return Container(
        inventory=Inventory(
            datasets={info.path: info for info in infos},
            attributes={path: {"values": own} for path, own in names.items()},
            notices=(*inventory.notices, *found.notices, *left_out),
        ),
        store=store,
    )


def _levels(values_of: Mapping[str, PathValues], axis: Axis) -> tuple[str, ...]:
    return in_numbered_order({values[axis] for values in values_of.values()})


def _columns(store: RecordStore, place: str) -> tuple[Sequence[ArrayInfo], tuple[Notice, ...]]:
    dtype, n_rows = _dtype(store), sum(store.rows)
    infos = [ArrayInfo(path=path, shape=(n_rows,), dtype="<i8") for path, _ in store.of_paths]
    left_out: list[str] = []
    for name in in_numbered_order(dtype.names or ()):
        field = dtype[name]
        if field.base.kind == "O":
            raise LogFormatError(
                f"{place}:{store.tables[0]}: the column {name} holds texts of varying length; store them with a fixed "
                "one, such as S16 in NumPy"
            )
        is_text = field.base.kind in "SU" and not field.shape
        if is_text or field.base.kind in "biuf":
            shape = (n_rows, *field.shape)
            infos.append(ArrayInfo(path=f"/{name}", shape=shape, dtype="<f8" if is_text else field.base.str))
        else:
            left_out.append(name)
    if not left_out:
        return infos, ()
    message = f"columns that hold no numbers or texts are left out: {', '.join(left_out[:6])}"
    return infos, (Notice(code="left-out-columns", message=message),)


@lru_cache(maxsize=8)
def _dtype(store: RecordStore) -> np.dtype[Any]:
    with store.base.open() as file:
        dtype: np.dtype[Any] = file.read(store.tables[0], 0, 1).dtype
        return dtype


@lru_cache(maxsize=8)
def _names(store: RecordStore) -> Mapping[str, tuple[str, ...]]:
    """Return the texts of each column that holds texts."""
    dtype = _dtype(store)
    columns = [name for name in dtype.names or () if dtype[name].kind in "SU"]
    seen: dict[str, set[str]] = defaultdict(set)
    with store.base.open() as file:
        for table, n_rows in zip(store.tables, store.rows, strict=True) if columns else ():
            for start in range(0, n_rows, _ROWS_AT_A_TIME):
                records = file.read(table, start, min(start + _ROWS_AT_A_TIME, n_rows))
                for name in columns:
                    seen[name].update(map(_text, np.unique(_column(records, name)).tolist()))
    return {f"/{name}": in_numbered_order(seen[name] - {""}) for name in columns}


def _column(records: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    column: npt.NDArray[Any] = records[name]
    return column


def _codes(values: npt.NDArray[Any], names: tuple[str, ...]) -> FloatArray:
    """Return texts as numbers, NaN for empty ones."""
    found, inverse = np.unique(values, return_inverse=True)
    place = {name: float(code) for code, name in enumerate(names)}
    codes = np.array([place.get(_text(text), np.nan) for text in found.tolist()], np.float64)
    return codes[inverse].reshape(values.shape) if len(codes) else np.zeros(0)


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
