"""Arrow and Parquet tables: what they hold, and some of their columns; nothing about such a file is trusted."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import polars as pl

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.hdf5.opening import check_regular

MAX_TABLE_BYTES = 1 << 30
"""A larger file is refused: it is read into memory whole."""
_EXPANSION = 1100
"""Declared over stored size; what repeats itself is stored once, but no log is all repetition."""
_EXPANSION_FLOOR = 64 << 20
"""Declared size under which the expansion does not matter."""

Schema: TypeAlias = Mapping[str, pl.DataType]
"""Type of each column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableInfo:
    """What a table says of itself, without a row of data."""

    schema: Schema
    n_rows: int


def look_into_table(path: Path) -> TableInfo:
    """Return the columns of an Arrow or Parquet file and how many rows it has.

    Raises
    ------
    LogFormatError
        If it is neither, or broken.
    RefusedFileError
        If it is too large, or declares far more than it can hold.
    """
    content = _content(path)
    try:
        rows = _scan(content)
        schema = dict(rows.collect_schema())
        n_rows = int(rows.select(pl.len()).collect().item())
        declared = n_rows * sum(_row_bytes(kind) for kind in schema.values())
    except BROKEN as error:
        raise _broken(path, error) from error
    if declared > max(_EXPANSION_FLOOR, _EXPANSION * len(content)):
        raise RefusedFileError(
            "declared-size",
            f"{path} declares {n_rows} rows of {declared >> 20} MiB in {len(content)} bytes; it is no honest table",
        )
    return TableInfo(schema=schema, n_rows=n_rows)


def read_table(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Read some columns of a file that `look_into_table` found well.

    Raises
    ------
    LogFormatError
        If it cannot be read, or has no such column.
    """
    content = _content(path)
    try:
        return _scan(content).select(*columns).collect()
    except BROKEN as error:
        raise _broken(path, error) from error


BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, RecursionError)
"""What polars raises at a broken file; its panics are no `Exception`."""


def _content(path: Path) -> bytes:
    check_regular(path)
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise RefusedFileError("size", f"{path} is larger than {MAX_TABLE_BYTES >> 20} MiB; give the log in parts")
    # Bytes, not the path: polars would take some names for patterns, or for places in a network.
    return path.read_bytes()


def _scan(content: bytes) -> pl.LazyFrame:
    return (pl.scan_parquet if content.startswith(b"PAR1") else pl.scan_ipc)(io.BytesIO(content))


def _row_bytes(kind: object) -> int:
    """Return the bytes of a row in memory, at least: what texts and lists hold is not declared."""
    if isinstance(kind, pl.Struct):
        return sum(_row_bytes(field.dtype) for field in kind.fields)
    if isinstance(kind, pl.Array):
        return kind.size * _row_bytes(kind.inner)
    return 8


def _broken(path: Path, error: BaseException) -> LogFormatError:
    reason = str(error).strip().partition("\n")[0]
    return LogFormatError(f"{path} is a broken table, or lacks a column: {reason[:200]}")
