"""Arrow and Parquet tables: what they hold, and some of their columns; nothing about such a file is trusted."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import polars as pl

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.columnar_trial import EXPANSION, EXPANSION_FLOOR, scan_table
from convscope.ingest.hdf5.opening import check_regular

MAX_TABLE_BYTES = 1 << 30
"""A larger file is not read into memory whole."""

Schema: TypeAlias = Mapping[str, pl.DataType]
"""Type of each column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableInfo:
    """What a table says of itself, without a row of data."""

    schema: Schema
    n_rows: int


@contextmanager
def readable(place: str) -> Generator[None]:
    """Turn what polars raises into a `LogFormatError`.

    Parameters
    ----------
    place
        What is read, for the error; polars' own words are of its inside.
    """
    try:
        yield
    except BROKEN as error:
        what = "its memory is not enough" if isinstance(error, MemoryError) else "it is damaged or cut"
        raise LogFormatError(f"{place} cannot be read: {what}; copy it or write it again") from error


BROKEN = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    OSError,
    MemoryError,
    OverflowError,
    RecursionError,
)
"""What polars raises at a broken file; its panics are no `Exception`, so they have to be named."""


def look_into_table(path: Path) -> TableInfo:
    """Return the columns of an Arrow or Parquet file and how many rows it has.

    Raises
    ------
    LogFormatError
        If it is neither, or broken.
    RefusedFileError
        If it declares far more than it can hold.
    """
    check_regular(path)
    with readable(str(path)):
        rows = scan_table(path)
        schema = dict(rows.collect_schema())
        n_rows = int(rows.select(pl.len()).collect().item())
    declared, n_bytes = n_rows * sum(map(_row_bytes, schema.values())), path.stat().st_size
    if declared > max(EXPANSION_FLOOR, EXPANSION * n_bytes):
        raise RefusedFileError(
            "declared-size",
            f"{path} declares {n_rows} rows of {declared >> 20} MiB in {n_bytes} bytes; it is no honest table",
        )
    return TableInfo(schema=schema, n_rows=n_rows)


def read_table(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Read some columns of a file that `look_into_table` found well.

    Raises
    ------
    LogFormatError
        If it cannot be read, or has no such column.
    RefusedFileError
        If it is larger than `MAX_TABLE_BYTES`.
    """
    check_regular(path)
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise RefusedFileError("size", f"{path} is larger than {MAX_TABLE_BYTES >> 20} MiB; give the log in parts")
    with readable(str(path)):
        found = scan_table(path).collect_schema()
        missing = [name for name in columns if name not in found and name != "*"]
        if not missing:
            return scan_table(path).select(*columns).collect()
    raise LogFormatError(f"{path} has no column {missing[0]!r:.80}; it has {', '.join(list(found)[:8])}")


def _row_bytes(kind: object) -> int:
    """Return the bytes of a row in memory, at least: what texts and lists hold is not declared."""
    if isinstance(kind, pl.Struct):
        return sum(_row_bytes(field.dtype) for field in kind.fields)
    if isinstance(kind, pl.Array):
        return kind.size * _row_bytes(kind.inner)
    return 8
