"""Minari datasets in Arrow or Parquet: a folder with a table per episode, presented as the HDF5 storage has them."""

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import Schema, TableInfo, look_into_table, read_table
from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory, Value
from convscope.ingest.names import in_numbered_order
from convscope.ingest.probe import Probe
from convscope_loaders.minari.metadata import MinariMetadata, read_episode_metadata

_TABLE = re.compile(r"(\d+)/part-\d+\.(?:arrow|parquet)")
_LONGER = frozenset({"observations", "infos"})
"""Columns with a row for the reset as well; in the others the last row is padding."""
_SPACES = frozenset({"observations", "actions"})
_SMALL_BYTES = 1 << 20
"""A table that is no larger is read with all its columns at once."""
_MAX_KEPT_BYTES = 64 << 20
"""Columns of episodes that a reader keeps, since fields are read one after the other."""


def table_names(files: Iterable[str]) -> Mapping[str, str]:
    """Return the table of each episode of a folder, by the path of the episode's group.

    Raises
    ------
    LogFormatError
        If an episode has several tables; Minari writes one.
    """
    found: dict[str, str] = {}
    for name in files:
        match = _TABLE.fullmatch(name)
        if match is not None:
            group = f"/episode_{match[1]}"
            if group in found:
                raise LogFormatError(f"{found[group]} and {name} are tables of one episode; Minari writes one for each")
            found[group] = name
    return {group: found[group] for group in in_numbered_order(found)}


def has_tables(files: Iterable[str]) -> bool:
    """Whether a folder holds tables of episodes, and one of the texts that Minari writes beside them."""
    names = frozenset(files)
    tables = (match for match in map(_TABLE.fullmatch, names) if match is not None)
    return any("metadata.json" in names or f"{match[1]}/metadata.json" in names for match in tables)


def look_into_tables(probe: Probe, metadata: MinariMetadata | None) -> Container:
    """List what the tables of a dataset hold.

    Parameters
    ----------
    probe
        The folder.
    metadata
        Of the dataset; None where there is none.

    Raises
    ------
    LogFormatError
        If a table is broken, or has not one row more than its episode has steps.
    """
    store = MinariTableStore(
        path=probe.path,
        tables=table_names(probe.files),
        has_tuples=metadata is not None and metadata.has_tuples,
    )
    infos: dict[str, ArrayInfo] = {}
    leaves: dict[tuple[tuple[str, pl.DataType], ...], tuple[ArrayInfo, ...]] = {}
    attributes: dict[str, Mapping[str, Value]] = {}
    for group, name in store.tables.items():
        table = look_into_table(probe.path / name)
        attributes[group] = read_episode_metadata((probe.path / name).with_name("metadata.json"))
        _check_steps(probe.path / name, table, attributes[group])
        kind = tuple(table.schema.items())
        if kind not in leaves:
            leaves[kind] = tuple(_leaf_infos(table.schema, store))
        infos.update(_infos(group, table.n_rows, leaves[kind]))
    inventory = Inventory(datasets=infos, groups=("/", *store.tables), attributes=attributes)
    return Container(inventory=inventory, store=store)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinariTableStore:
    """The tables of a dataset, to be opened as they are asked for."""

    path: Path
    """The folder."""
    tables: Mapping[str, str]
    """Table of each episode, relative to the folder, by the path of the episode's group."""
    has_tuples: bool
    """Whether the spaces are Tuples, whose entries these storages call ``0``, ``1``, not ``_index_0``, ``_index_1``."""

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the dataset for reading rows."""
        return _opened(self)

    def named(self, column: pl.Series) -> pl.Series:
        """Return a column with the names that the HDF5 storage gives to the entries of Tuples."""
        if not self.has_tuples or column.name not in _SPACES or not isinstance(column.dtype, pl.Struct):
            return column
        names = [f"_index_{name}" if name.isdecimal() else name for name in column.struct.fields]
        return column.struct.rename_fields(names)


@contextmanager
def _opened(store: MinariTableStore) -> Generator[ArrayReader]:
    yield _Reader(store)


class _Reader:
    def __init__(self, store: MinariTableStore) -> None:
        self._store = store
        self._kept: dict[tuple[str, str], pl.Series] = {}
        self._kept_bytes = 0

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        episode, column, *inner = dataset.removeprefix("/").split("/", 2)
        whole = self._column(f"/{episode}", column)
        leaf = _leaf(whole, "".join(inner))
        if leaf is None or not _is_number(leaf.dtype):
            raise LogFormatError(f"{self._store.path} has no array {dataset}")
        values = leaf.to_numpy()
        if values.dtype.kind not in "biuf":
            raise LogFormatError(f"{self._store.path}:{dataset} has rows without a value")
        return (values if column in _LONGER else values[:-1])[start:stop]

    def read_text(self, dataset: str) -> tuple[str, ...]:
        raise LogFormatError(f"{self._store.path}:{dataset} holds no text")

    def _column(self, group: str, column: str) -> pl.Series:
        if (group, column) not in self._kept:
            if group not in self._store.tables:
                raise LogFormatError(f"{self._store.path} has no episode {group}")
            self._keep(group, column)
        return self._kept[group, column]

    def _keep(self, group: str, column: str) -> None:
        path = self._store.path / self._store.tables[group]
        read = read_table(path, ["*"] if path.stat().st_size <= _SMALL_BYTES else [column])
        if column not in read.columns:
            raise LogFormatError(f"{path} has no column {column}")
        self._kept_bytes += int(read.estimated_size())
        if self._kept_bytes > _MAX_KEPT_BYTES:
            self._kept, self._kept_bytes = {}, int(read.estimated_size())
        self._kept |= {(group, series.name): self._store.named(series) for series in read}


def _infos(group: str, n_rows: int, leaves: Iterable[ArrayInfo]) -> Iterator[tuple[str, ArrayInfo]]:
    for leaf in leaves:
        path = f"{group}/{leaf.path}"
        has_reset = leaf.path.partition("/")[0] in _LONGER
        shape = (n_rows if has_reset else n_rows - 1, *leaf.shape[1:])
        yield path, ArrayInfo(path=path, shape=shape, dtype=leaf.dtype, is_text=leaf.is_text)


def _leaf_infos(schema: Schema, store: MinariTableStore) -> Iterator[ArrayInfo]:
    """Describe what a table without rows would hold, by paths within an episode."""
    for column in (pl.Series(name, [], dtype=kind) for name, kind in schema.items()):
        for path, leaf in _leaves(store.named(column), column.name):
            # Texts and images have no numbers; they are named so that leaving them out can be said.
            values = leaf.to_numpy() if _is_number(leaf.dtype) else None
            yield (
                ArrayInfo(path=path, shape=(0,), dtype="text", is_text=True)
                if values is None
                else ArrayInfo(path=path, shape=values.shape, dtype=values.dtype.str)
            )


def _leaves(column: pl.Series, path: str) -> Iterator[tuple[str, pl.Series]]:
    if not isinstance(column.dtype, pl.Struct):
        yield path, column
        return
    for name in column.struct.fields:
        yield from _leaves(column.struct.field(name), f"{path}/{name}")


def _leaf(column: pl.Series, rest: str) -> pl.Series | None:
    """Return the part of a column at a path; names may hold slashes."""
    if not rest:
        return column
    names = column.struct.fields if isinstance(column.dtype, pl.Struct) else []
    inside = (
        _leaf(column.struct.field(name), rest[len(name) + 1 :])
        for name in names
        if rest == name or rest.startswith(f"{name}/")
    )
    return next((leaf for leaf in inside if leaf is not None), None)


def _is_number(kind: object) -> bool:
    if isinstance(kind, pl.Array):
        return _is_number(kind.inner)
    is_wide = isinstance(kind, pl.Int128 | pl.UInt128 | pl.Decimal)
    return isinstance(kind, pl.DataType) and (kind.is_numeric() or kind == pl.Boolean) and not is_wide


def _check_steps(path: Path, table: TableInfo, attributes: Mapping[str, Value]) -> None:
    n_steps = attributes.get("total_steps", table.n_rows - 1)
    if table.n_rows != (n_steps + 1 if isinstance(n_steps, int) else None):
        raise LogFormatError(
            f"{path} has {table.n_rows} rows for {n_steps!r:.20} steps; it should have one more than steps"
        )
