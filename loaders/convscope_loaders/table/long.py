"""Columns that are arrays of their own in a container, shown as one table."""

import difflib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError, MappingError
from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container, Inventory
from convscope.ingest.mapping import LogMapping
from convscope.ingest.parsed import coded
from convscope.ingest.table_mapping import TableMapping
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope_loaders.structure.long import LongColumns, columns_in, find_columns
from convscope_loaders.table.columns import AGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class LongStore:
    """Columns of a container, under their own names."""

    base: ArrayStore
    state: tuple[int, int]
    """Size and time of change of the file, so that another one at the place is looked at anew."""
    group: str
    """Where they lie."""
    texts: tuple[str, ...]
    """Names of the columns that hold texts."""

    @contextmanager
    def open(self) -> Generator["LongReader"]:
        """Open the columns for reading rows."""
        with self.base.open() as file:
            yield LongReader(file, self)


class LongReader:
    """Reads rows of open columns; texts are codes."""

    def __init__(self, file: ArrayReader, store: LongStore) -> None:
        self._file, self._store = file, store

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Return rows of a column, without an axis of 1."""
        if dataset.removeprefix("/") in self._store.texts:
            return _coded(self._store, dataset)[0][start:stop]
        rows = self._file.read(own_path(self._store.group, dataset), start, stop)
        return rows[:, 0] if rows.shape[1:] == (1,) else rows

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Refuse: texts are codes here."""
        raise LogFormatError(f"{dataset} holds no text")


def declares_columns(mapping: LogMapping | None) -> bool:
    """Whether a mapping speaks of the columns of a table."""
    return mapping is not None and mapping.table is not None


def has_columns(inventory: Inventory, mapping: LogMapping | None) -> bool:
    """Whether columns are arrays of their own, as their names or a mapping say."""
    return _columns(inventory, mapping) is not None


def column_container(container: Container, mapping: LogMapping | None, *, state: tuple[int, int]) -> Container:
    """Return the columns of a container as one table; texts become codes.

    Parameters
    ----------
    container
        The file.
    mapping
        What the user says.
    state
        Size and time of change of the file.

    Raises
    ------
    MappingError
        If a mapping names columns and there are none.
    """
    inventory = container.inventory
    columns = _columns(inventory, mapping)
    if columns is None:
        raise _no_columns(inventory, mapping or LogMapping())
    infos = {f"/{info.path.rsplit('/', 1)[-1]}": info for info in columns_in(inventory, columns.group, columns.n_rows)}
    texts = tuple(name.removeprefix("/") for name, info in infos.items() if info.is_text)
    store = LongStore(base=container.store, state=state, group=columns.group, texts=texts)
    told = Inventory(
        datasets={name: _info(name, own) for name, own in infos.items()},
        attributes={f"/{name}": {"values": _coded(store, f"/{name}")[1]} for name in texts},
        notices=(*inventory.notices, *_on_left_out(inventory, columns)),
    )
    return Container(inventory=told, store=store)


def own_path(group: str, name: str) -> str:
    """Return the path of a column in its file."""
    return f"{group.rstrip('/')}/{name.removeprefix('/')}"


def _info(name: str, own: ArrayInfo) -> ArrayInfo:
    shape = own.shape[:1] if own.shape[1:] == (1,) else own.shape
    return ArrayInfo(path=name, shape=shape, dtype="<i8" if own.is_text else own.dtype)


@lru_cache(maxsize=8)
def _coded(store: LongStore, dataset: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    with store.base.open() as file:
        return coded(np.array(file.read_text(own_path(store.group, dataset))))


def _columns(inventory: Inventory, mapping: LogMapping | None) -> LongColumns | None:
    declared = mapping.table if mapping is not None else None
    found = find_columns(inventory)
    if declared is None or (declared.table is None and found is not None):
        return found
    group = declared.table or "/"
    wanted = _names(declared)
    infos = [inventory.datasets.get(own_path(group, name)) for name in wanted]
    lengths = [info.shape[0] for info in infos if info is not None and info.shape and not info.columns]
    # A name that is wrong is told by whoever reads the columns.
    return LongColumns(group=group, n_rows=lengths[0]) if lengths and len(set(lengths)) == 1 else None


def _names(declared: TableMapping) -> tuple[str, ...]:
    return tuple(
        name.removeprefix("/").replace(AGENT, agent)
        for name in declared.columns
        for agent in (declared.agents if AGENT in name else ("",))
    )


def _no_columns(inventory: Inventory, mapping: LogMapping) -> MappingError:
    names = [path.removeprefix("/") for path in inventory.datasets]
    wanted = _names(mapping.table or TableMapping())
    lacking = next((name for name in wanted if name not in names), None)
    near = difflib.get_close_matches(lacking or "", names, n=1)
    hint = f"; {lacking!r:.80} is not there" + (f", did you mean {near[0]!r}?" if near else "") if lacking else ""
    return MappingError(
        f"{mapping.place('table')}: [table] is for columns of one length, with a row per agent and timestep, and the "
        f"file has none so called{hint}; for arrays on a grid give [fields.actions] and so on"
    )


def _on_left_out(inventory: Inventory, columns: LongColumns) -> tuple[Notice, ...]:
    read = {info.path for info in columns_in(inventory, columns.group, columns.n_rows)}
    left = [path for path in inventory.datasets if path not in read]
    if not left:
        return ()
    message = f"what is no column of the table is left out: {listed(left)}"
    return (Notice(code="left-out-arrays", message=message, where=left[0]),)
