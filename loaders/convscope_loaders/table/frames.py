"""Columns of a table as arrays: parsed whole where it is text, by rows where it is Parquet or Arrow."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy.typing as npt
import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import MAX_TABLE_BYTES, look_into_table, read_table, readable
from convscope.ingest.columnar_trial import check_decodable, scan_table
from convscope.ingest.container import Container, Inventory
from convscope.ingest.names import in_numbered_order
from convscope.ingest.parsed import Parsed, parse_container
from convscope.values.header import Notice
from convscope_loaders.table.by_agent import read_tables_of_agents
from convscope_loaders.table.leaves import RAGGED, LeafPlan, find_leaves, plan_leaves
from convscope_loaders.table.text import ReadTable, read_text_table
from convscope_loaders.table.unroll import may_hold_episodes, names_inside, unrolled
from convscope_loaders.tidy.row_names import UNROLLED

MAX_ROWS = 100_000_000
"""Of a table: what tells episodes and agents apart is read of all rows at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameStore:
    """A Parquet or Arrow file, of which rows are read where they are needed."""

    path: Path
    state: tuple[int, int]
    """Size and time of change, so that another file at the place is looked at anew."""

    @contextmanager
    def open(self) -> Generator["FrameReader"]:
        """Open the table for reading rows."""
        yield FrameReader(scan_table(self.path), _looked_at(self), str(self.path))


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


def column_names(path: Path) -> tuple[str, ...]:
    """Return the names of a table's columns, structures taken apart.

    Raises
    ------
    LogFormatError
        If the file is broken.
    """
    with readable(str(path)):
        schema = scan_table(path).collect_schema()
        leaves, _ = find_leaves(schema, str(path))
    flat = (leaf.path.removeprefix("/") for leaf in leaves)
    return tuple(dict.fromkeys((*flat, *names_inside(schema))))


def frame_container(path: Path) -> Container:
    """Return the columns of a Parquet or Arrow file.

    Raises
    ------
    LogFormatError
        If it is broken, larger than it could honestly be, or its lists differ in length.
    """
    state = path.stat()
    if state.st_size <= MAX_TABLE_BYTES and may_hold_episodes(look_into_table(path).schema):
        container = parse_container(path, parse_columnar)
        if container.inventory.attributes["/"][UNROLLED]:
            return container
    store = FrameStore(path=path, state=(state.st_size, state.st_mtime_ns))
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


def parse_columnar(path: Path) -> Parsed:
    """Turn a Parquet or Arrow file into columns of numbers."""
    check_decodable([path])
    return _parsed(ReadTable(frame=read_table(path, ["*"])), str(path))


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


def _parsed(table: ReadTable, place: str) -> Parsed:
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
    place, n_rows = str(store.path), look_into_table(store.path).n_rows
    if n_rows > MAX_ROWS:
        raise LogFormatError(
            f"{place} has {n_rows} rows, more than the {MAX_ROWS} that are read at once; give it in parts"
        )
    check_decodable([store.path])
    frame = scan_table(store.path)
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
