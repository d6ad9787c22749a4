"""Columns of a table as arrays: parsed whole where it is text, by rows where it is Parquet or Arrow."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy.typing as npt
import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.names import in_numbered_order
from convscope.ingest.parsed import Parsed, parse_container
from convscope.values.header import Notice
from convscope_loaders.table.by_agent import read_tables_of_agents
from convscope_loaders.table.leaves import RAGGED, LeafPlan, find_leaves, plan_leaves
from convscope_loaders.table.text import TextTable, read_text_table
from convscope_loaders.table.trial import check_readable
from convscope_loaders.table.unroll import unrolled
from convscope_loaders.table.wall import readable
from convscope_loaders.tidy.row_names import UNROLLED

MAX_ROWS = 100_000_000
"""Of a table: what tells episodes and agents apart is read of all rows at once."""
MAX_EXPANSION = 1100
"""Declared over stored size, as for HDF5 files, above ``EXPANSION_FLOOR``."""
EXPANSION_FLOOR = 64 << 20


class TableKind(StrEnum):
    """How the rows are stored."""

    PARQUET = "parquet"
    ARROW = "arrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameStore:
    """A Parquet or Arrow file, of which rows are read where they are needed."""

    path: Path
    kind: TableKind
    state: tuple[int, int]
    """Size and time of change, so that another file at the place is looked at anew."""

    @contextmanager
    def open(self) -> Generator["FrameReader"]:
        """Open the table for reading rows."""
        yield FrameReader(scan(self.path, self.kind), _looked_at(self), str(self.path))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """What a look at a whole table tells."""

    n_rows: int
    plans: dict[str, LeafPlan]
    notices: tuple[Notice, ...]


class FrameReader:
    """Reads rows of an open table."""

    def __init__(self, frame: pl.LazyFrame, look: _Look, place: str) -> None:
        self._frame, self._look, self._place = frame, look, place

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """Return rows of a column as numbers."""
        plan = self._plan(dataset)
        last = self._look.n_rows if stop is None else min(stop, self._look.n_rows)
        with readable(self._place):
            rows = self._frame.slice(start, max(last - start, 0)).select(plan.leaf.expression).collect()
            return plan.read(rows.to_series(), self._place)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        """Refuse: texts are codes here."""
        raise LogFormatError(f"{self._place}:{dataset} holds no text")

    def _plan(self, dataset: str) -> LeafPlan:
        if dataset not in self._look.plans:
            raise LogFormatError(f"{self._place} has no column {dataset.strip('/')}")
        return self._look.plans[dataset]


def scan(path: Path, kind: TableKind) -> pl.LazyFrame:
    """Return a table that has not been read yet."""
    # A name is a name: no pattern, no address of another machine.
    return pl.scan_parquet(path, glob=False) if kind is TableKind.PARQUET else pl.scan_ipc(path, glob=False)


def column_names(path: Path, kind: TableKind) -> tuple[str, ...]:
    """Return the names of a table's columns, structures taken apart.

    Raises
    ------
    LogFormatError
        If the file is broken.
    """
    with readable(str(path)):
        leaves, _ = find_leaves(scan(path, kind).collect_schema(), str(path))
    return tuple(leaf.path.removeprefix("/") for leaf in leaves)


def frame_container(path: Path, kind: TableKind) -> Container:
    """Return the columns of a Parquet or Arrow file.

    Raises
    ------
    LogFormatError
        If it is broken, larger than it could honestly be, or its lists differ in length.
    """
    state = path.stat()
    store = FrameStore(path=path, kind=kind, state=(state.st_size, state.st_mtime_ns))
    look = _looked_at(store)
    return Container(inventory=_inventory(look), store=store)


def text_container(path: Path) -> Container:
    """Return the columns of a text file.

    Raises
    ------
    LogFormatError
        If it is no table, or too large.
    """
    return parse_container(path, parse_text)


def agents_container(folder: Path) -> Container:
    """Return the columns of a folder with a table for each agent.

    Raises
    ------
    LogFormatError
        If one of them is no table, or too large.
    """
    return parse_container(folder, parse_agents)


def parse_text(path: Path) -> Parsed:
    """Turn a text file into columns of numbers."""
    return _parsed(read_text_table(path), str(path))


def parse_agents(folder: Path) -> Parsed:
    """Turn a folder with a table for each agent into columns of numbers."""
    return _parsed(read_tables_of_agents(folder), str(folder))


def _parsed(table: TextTable, place: str) -> Parsed:
    with readable(place):
        found = unrolled(table.frame, place)
        frame = found.frame
        look = _look(frame.lazy(), frame.height, place)
        arrays = {
            name: plan.read(frame.select(plan.leaf.expression).to_series(), place) for name, plan in look.plans.items()
        }
    attributes = {**_inventory(look).attributes, "/": {UNROLLED: found.is_changed, **table.attributes}}
    return Parsed(arrays=arrays, attributes=attributes, notices=(*table.notices, *found.notices, *look.notices))


@lru_cache(maxsize=16)
def _looked_at(store: FrameStore) -> _Look:
    place = str(store.path)
    frame = scan(store.path, store.kind)
    with readable(place):
        schema = frame.collect_schema()
        n_rows = int(frame.select(pl.len()).collect().item())
    declared = n_rows * 8 * max(len(schema), 1)
    if n_rows > MAX_ROWS or (declared > EXPANSION_FLOOR and declared > MAX_EXPANSION * store.state[0]):
        raise LogFormatError(f"{place} declares {n_rows} rows, more than it can hold or than are read at once")
    check_readable(store.path, store.kind)
    with readable(place):
        return _look(frame, n_rows, place)


def _look(frame: pl.LazyFrame, n_rows: int, place: str) -> _Look:
    leaves, notices = find_leaves(frame.collect_schema(), place)
    plans = plan_leaves(frame, leaves, place)
    return _Look(n_rows=n_rows, plans={plan.leaf.path: plan for plan in plans}, notices=notices)


def _inventory(look: _Look) -> Inventory:
    names = {name: {"values": plan.names} for name, plan in look.plans.items() if plan.names is not None}
    ragged = {name: {RAGGED: True} for name, plan in look.plans.items() if plan.is_ragged}
    return Inventory(
        datasets={name: look.plans[name].info(look.n_rows) for name in in_numbered_order(look.plans)},
        attributes={**names, **ragged},
        notices=look.notices,
    )
