"""Parquet with a row for each step and a column for each value (``output_write_episodes=False``)."""

from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

import numpy as np
import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import look_into_table, read_table
from convscope.ingest.json_text import parsed_json
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, REWARDS
from convscope.values.header import Notice
from convscope_loaders.rllib.nested import Leaves, beside, leaves_of, observed, output_field
from convscope_loaders.rllib.packed import Unpacker, is_packed
from convscope_loaders.rllib.rows import FLAGS, FOLLOWING, RowTable

_KEYS = frozenset({"eps_id", "agent_id", "module_id", "t"})


def read_columns(path: Path, *, trusts_pickle: bool) -> tuple[RowTable, tuple[str, ...], tuple[str, ...]]:
    """Read one table.

    Parameters
    ----------
    path
        A Parquet file.
    trusts_pickle
        Whether packed columns may be read.

    Returns
    -------
    table
        Its rows.
    packed, unread
        Names of columns that are left out because they are pickles, or no numbers.

    Raises
    ------
    LogFormatError
        If it has no ``eps_id``, actions or rewards, or is broken.
    """
    schema = look_into_table(path).schema
    frame = read_table(path, list(schema))
    if "eps_id" not in schema:
        raise LogFormatError(f"{path} has no column eps_id, which tells episodes apart")
    unpacker = Unpacker() if trusts_pickle else None
    found: dict[str, Leaves] = {}
    packed: list[str] = []
    unread: list[str] = []
    for name in (name for name in schema if name not in _KEYS | {*FLAGS}):
        data, is_pickled = _data(frame[name], f"{path}:{name}", unpacker)
        leaves = leaves_of(data)
        if leaves is not None:
            found[name] = leaves
        elif frame[name].dtype != pl.Null:
            (packed if is_pickled else unread).append(name)
    table = RowTable(
        episodes=_texts(frame["eps_id"]),
        agents=_texts(frame["agent_id"], "agent_0") if "agent_id" in schema else ["agent_0"] * len(frame),
        times=_times(frame, path) if "t" in schema else None,
        values=fields_of(found, str(path)),
        flags={name: frame[name].cast(pl.Float64, strict=False).to_numpy() > 0 for name in FLAGS if name in schema},
    )
    return table, tuple(packed), tuple(unread)


def fields_of(columns: Mapping[str, Leaves], place: str) -> Mapping[str, FloatArray]:
    """Return the fields of a table of steps, by the names that RLlib gives to its columns.

    Raises
    ------
    LogFormatError
        If there are no actions or rewards of plain numbers.
    """
    if "actions" not in columns or "rewards" not in columns:
        raise LogFormatError(f"{place} holds no actions and rewards that are plain numbers")
    fields: dict[str, list[FloatArray]] = {
        ACTIONS: [beside(columns["actions"])],
        REWARDS: [beside(columns["rewards"])],
    }
    for name, prefix in (("obs", ""), ("new_obs", FOLLOWING)):
        if name in columns and "obs" in columns:
            fields |= {f"{prefix}{field}": [column] for field, column in observed(columns[name]).items()}
    known = {"actions", "rewards", "obs"} | ({"new_obs"} if "obs" in columns else set[str]())
    for name in (name for name in columns if name not in known):
        fields.setdefault(output_field(name), []).append(beside(columns[name]))
    return {name: np.concatenate(parts, axis=1) for name, parts in fields.items()}


def about_unread(packed: Iterable[str], unread: Iterable[str]) -> tuple[Notice, ...]:
    """Return notices of what was left out."""
    why = (
        (packed, "left out: it is packed as a pickle, which may do harm; if you trust the log add --trust-pickle"),
        (unread, "left out: it holds no plain numbers of one shape"),
    )
    return tuple(Notice(code="not-read", message=text, where=name) for names, text in why for name in sorted({*names}))


def _data(column: pl.Series, place: str, unpacker: Unpacker | None) -> tuple[object, bool]:
    """Return the numbers of a column, and whether they are pickled."""
    if isinstance(column.dtype, pl.String | pl.Binary):
        texts = column.to_list()
        is_pickled = any(map(is_packed, texts))
        if unpacker is None or not is_pickled:
            return None, is_pickled
        return [unpacker.unpack(text, place) for text in texts], True
    if isinstance(column.dtype, pl.Struct):
        return {name: _data(column.struct.field(name), place, None)[0] for name in column.struct.fields}, False
    return _numbers(column), False


def _numbers(column: pl.Series) -> FloatArray | None:
    shape: object = None
    if isinstance(column.dtype, pl.BaseExtension):
        # Ray's tensors: a list of numbers, and its shape in the type's metadata.
        shape = parsed_json(column.dtype.ext_metadata())
        column = column.ext.storage()
    if column.null_count() or not len(column):
        return None
    if isinstance(column.dtype, pl.List):
        lengths = column.list.len()
        width = int(str(lengths.max() or 0))
        is_fit = lengths.min() == width and (not isinstance(shape, list) or prod(map(int, shape)) == width)
        column = column.explode().reshape((len(column), width)) if is_fit and width else pl.Series([None])
    inner = column.dtype.inner if isinstance(column.dtype, pl.Array) else column.dtype
    is_number = inner == pl.Boolean or (isinstance(inner, pl.DataType) and inner.is_numeric())
    return np.asarray(column.to_numpy(), np.float64) if is_number else None


def _texts(column: pl.Series, otherwise: str = "") -> list[str]:
    return [otherwise if value is None else str(value) for value in column.to_list()]


def _times(frame: pl.DataFrame, path: Path) -> IntArray:
    times = frame["t"]
    if not times.dtype.is_integer() or times.null_count():
        raise LogFormatError(f"{path}: the column t does not count timesteps")
    return times.to_numpy().astype(np.int64)
