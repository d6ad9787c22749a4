"""What polars holds of each column, as numbers: structures taken apart, lists of fixed width, texts as codes.

Nothing is unpickled: bytes are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo
from convscope.ingest.names import in_numbered_order
from convscope.values.figures import listed
from convscope.values.header import Notice

MAX_LEAVES = 20_000
"""Columns of a table, structures taken apart."""
MAX_DEPTH = 8
"""Structures and lists inside one another."""
RAGGED = "ragged"
"""Attribute of columns whose lists differ in length."""
TRUTHS = frozenset({"true", "false"})
"""Texts that are truth values, in any case."""
_HUGE = pl.Int128 | pl.UInt128
_EXACT = 2**53
"""Whole numbers beyond are names: a float would confuse neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A column, or a part of one that is a structure."""

    path: str
    """Such as ``/reward``, or ``/obs/agent_0`` for a part."""
    parts: tuple[str, ...]
    """Name of the column, and of the fields that lead to the part."""
    inner: pl.DataType
    """Type of its numbers."""
    depth: int
    """Lists around them."""

    @property
    def expression(self) -> pl.Expr:
        """What selects it."""
        selected = pl.col(self.parts[0])
        for part in self.parts[1:]:
            selected = selected.struct.field(part)
        listed = self.inner
        for _ in range(self.depth):
            listed = pl.List(listed)
        return (selected.cast(listed) if self.depth else selected).alias(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafPlan:
    """How a leaf becomes an array."""

    leaf: Leaf
    widths: tuple[int, ...] = ()
    """Lengths of its lists, outermost first; of the longest where they differ."""
    is_ragged: bool = False
    """Whether they differ; the shorter ones end in missing numbers."""
    names: tuple[str, ...] | None = None
    """What its codes stand for; None for numbers."""
    has_missing: bool = False
    is_truth: bool = False
    """Whether its texts are ``True`` and ``False``."""

    def info(self, n_rows: int) -> ArrayInfo:
        """Return what an inventory says of it."""
        return ArrayInfo(path=self.leaf.path, shape=(n_rows, *self.widths), dtype=self._dtype.str)

    def read(self, series: pl.Series, place: str) -> npt.NDArray[Any]:
        """Return the numbers of some rows.

        Parameters
        ----------
        series
            What ``leaf.expression`` selects.
        place
            The file, for errors.

        Raises
        ------
        LogFormatError
            If a list has another length than the others.
        """
        flat = series
        for width in self.widths:
            flat = _unlisted(flat, width, is_ragged=self.is_ragged, place=place)
        numbers = _numbers(flat, self.names) if not self.is_truth else flat.cast(pl.String).str.to_lowercase() == "true"
        if self._dtype.kind == "f":
            numbers = numbers.cast(pl.Float64)
        return numbers.to_numpy().astype(self._dtype, copy=False).reshape(len(series), *self.widths)

    @property
    def _dtype(self) -> np.dtype[Any]:
        is_own = self.names is None and self.leaf.inner.is_float()
        is_full = not self.has_missing and not self.is_ragged
        is_whole = self.names is None and is_full and _is_whole(self.leaf.inner)
        if self.is_truth:
            return np.dtype("<f8")
        return pl.Series([], dtype=self.leaf.inner).to_numpy().dtype if is_own or is_whole else np.dtype("<f8")


def find_leaves(schema: Mapping[str, pl.DataType], place: str) -> tuple[tuple[Leaf, ...], tuple[Notice, ...]]:
    """Return what the columns of a table can be read as, and a notice on what cannot.

    Raises
    ------
    LogFormatError
        If there are more than `MAX_LEAVES`, or two of the same path.
    """
    leaves: dict[str, Leaf] = {}
    left_out: list[str] = []
    for name, dtype in schema.items():
        for leaf in _leaves((name,), dtype):
            if not isinstance(leaf, Leaf):
                left_out.append(leaf)
            elif leaf.path in leaves:
                raise LogFormatError(f"{place} has two columns called {leaf.path.strip('/')!r:.80}; name them apart")
            else:
                leaves[leaf.path] = leaf
            if len(leaves) > MAX_LEAVES:
                raise LogFormatError(f"{place} has more than {MAX_LEAVES} columns")
    return tuple(leaves.values()), _on_left_out(left_out)


def plan_leaves(frame: pl.LazyFrame, leaves: Sequence[Leaf], place: str) -> tuple[LeafPlan, ...]:
    """Look at all rows, for what a type does not tell: lengths of lists, texts, and whole numbers that are too large.

    Parameters
    ----------
    frame
        The table.
    leaves
        Its columns.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If lists within lists differ in length.
    """
    return tuple(_plan(frame, leaf, place) for leaf in leaves)


def _leaves(parts: tuple[str, ...], dtype: pl.DataType) -> Iterator[Leaf | str]:
    path = "/" + "/".join(part.strip("/") for part in parts)
    if isinstance(dtype, pl.Struct) and len(parts) <= MAX_DEPTH:
        for field in dtype.fields:
            yield from _leaves((*parts, field.name), _instance(field.dtype))
        return
    inner, depth = dtype, 0
    while isinstance(inner, pl.List | pl.Array):
        inner, depth = _instance(inner.inner), depth + 1
    is_number = _is_whole(inner) or inner.is_float() or inner.is_decimal() or inner.is_temporal()
    if depth <= MAX_DEPTH and (is_number or (_is_text(inner) and not depth)):
        yield Leaf(path=path, parts=parts, inner=inner, depth=depth)
    else:
        yield path


def _instance(dtype: object) -> pl.DataType:
    if isinstance(dtype, pl.DataType):
        return dtype
    return dtype() if isinstance(dtype, type) and issubclass(dtype, pl.DataType) else pl.Unknown()


def _is_whole(dtype: pl.DataType) -> bool:
    return dtype == pl.Boolean or (dtype.is_integer() and not isinstance(dtype, _HUGE))


def _is_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum | _HUGE)


def _plan(frame: pl.LazyFrame, leaf: Leaf, place: str) -> LeafPlan:
    column = frame.select(leaf.expression)
    widths: list[int] = []
    n_missing, is_ragged = 0, False
    for _ in range(leaf.depth):
        lists = _lists(column, leaf)
        is_ragged = lists.least != lists.most
        if is_ragged and leaf.depth > 1:
            raise LogFormatError(f"{place}: the lists in {leaf.path.removeprefix('/')} {lists.shown}")
        column = column.drop_nulls().explode(leaf.path)
        widths.append(lists.most)
        n_missing += lists.n_missing
    values = pl.col(leaf.path)
    if _is_text(leaf.inner) or _is_large(column, leaf):
        texts = column.select(values.cast(pl.String).unique()).collect().to_series().drop_nulls().to_list()
        if texts and TRUTHS.issuperset(text.lower() for text in texts):
            return LeafPlan(leaf=leaf, widths=tuple(widths), is_ragged=is_ragged, is_truth=True)
        return LeafPlan(leaf=leaf, widths=tuple(widths), is_ragged=is_ragged, names=in_numbered_order(texts))
    n_missing += int(column.select(values.null_count()).collect().item())
    return LeafPlan(leaf=leaf, widths=tuple(widths), is_ragged=is_ragged, has_missing=n_missing > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lists:
    """Lengths of the lists of a column."""

    least: int
    most: int
    n_missing: int

    @property
    def shown(self) -> str:
        return f"hold from {self.least} to {self.most} numbers; write as many in every row"


def _lists(column: pl.LazyFrame, leaf: Leaf) -> _Lists:
    values = pl.col(leaf.path)
    length = values.list.len()
    wanted = [length.min().alias("least"), length.max().alias("most"), values.null_count().alias("missing")]
    least, most, n_missing = column.select(wanted).collect().row(0)
    return _Lists(least=int(least or 0), most=int(most or 0), n_missing=int(n_missing))


def _is_large(column: pl.LazyFrame, leaf: Leaf) -> bool:
    if not isinstance(leaf.inner, pl.Int64 | pl.UInt64):
        return False
    values = pl.col(leaf.path)
    ends = column.select(values.min().alias("least"), values.max().alias("most")).collect().row(0)
    return any(end is not None and abs(end) > _EXACT for end in ends)


def _unlisted(lists: pl.Series, width: int, *, is_ragged: bool, place: str) -> pl.Series:
    """Return the entries of lists one after the other, with missing ones up to a width."""
    if not width:
        return pl.Series([], dtype=lists.explode().dtype)
    known = lists.drop_nulls()
    lengths = lists.list.len().fill_null(0).to_numpy().astype(np.int64)
    if (known.list.len() > width).any() or (not is_ragged and (known.list.len() < width).any()):
        raise LogFormatError(f"{place}: a list does not hold {width} numbers; the file has changed")
    entries = known.explode()
    if (lengths == width).all():
        return entries
    place_of = np.arange(width)
    first = np.cumsum(lengths) - lengths
    index = np.where(place_of < lengths[:, None], first[:, None] + place_of, -1).ravel()
    return entries.gather(pl.Series(index).replace(-1, None).cast(pl.UInt32))


def _numbers(values: pl.Series, names: tuple[str, ...] | None) -> pl.Series:
    if names is not None:
        return values.cast(pl.String).cast(pl.Enum(names)).to_physical()
    if isinstance(values.dtype, pl.Datetime | pl.Duration):
        return values.dt.cast_time_unit("us").to_physical()
    if values.dtype == pl.Time:
        return values.to_physical() // 1000
    return values.to_physical() if values.dtype == pl.Date else values


def _on_left_out(names: Sequence[str]) -> tuple[Notice, ...]:
    if not names:
        return ()
    shown = listed([name.strip("/")[:80] for name in names])
    message = f"columns that hold no numbers, texts or lists of numbers are left out, never unpickled: {shown}"
    return (Notice(code="left-out-columns", message=message),)
