"""Texts of cells that are numbers in another guise: lists in brackets, and decimal commas."""

import polars as pl

from convscope.errors import AmbiguousLogError
from convscope.values.header import Notice
from convscope_loaders.table.delimited import MISSING

_LIST = r"^\s*[\[(][^\[\]()]*[\])]\s*$"
"""Numbers in brackets, as Python and NumPy print them."""
_DECIMAL = r"^[+-]?(\d*,\d+|\d+)(?:[eE][+-]?\d+)?$"
"""A number that may have a comma in it."""
_THOUSANDS = r"^[+-]?([1-9]\d{0,2}(,\d{3})+|\d{1,3})$"


def unfolded(texts: pl.Series) -> pl.Series:
    """Return lists of numbers where every text is one, else the texts."""
    if not texts.str.contains(_LIST).all() or texts.null_count() == len(texts):
        return texts
    bare = texts.str.replace_all(r"[\[\](),\s]+", " ").str.strip_chars()
    lists = bare.str.split(" ").list.filter(pl.element() != "")
    words = lists.explode()
    numbers = words.cast(pl.Float64, strict=False)
    is_list = numbers.null_count() == words.null_count() and len(words) > 0
    return lists.cast(pl.List(pl.Float64)) if is_list else texts


def bare(texts: pl.Series) -> pl.Series:
    """Return numbers where every text is one between blanks, else the texts without the blanks around them."""
    stripped = texts.str.strip_chars()
    if not (stripped != texts).any():
        return texts
    known = stripped.set(stripped.is_in(["", *MISSING]), None)
    for kind in (pl.Int64, pl.Float64):
        numbers = known.cast(kind, strict=False)
        if numbers.null_count() == known.null_count():
            return numbers
    return known


def with_points(frame: pl.DataFrame, place: str) -> tuple[pl.DataFrame, tuple[Notice, ...]]:
    """Read numbers with commas for points as numbers.

    Raises
    ------
    AmbiguousLogError
        If the commas may as well part thousands.
    """
    found = [column for column in frame if column.dtype == pl.String and _has_commas(column)]
    if not found:
        return frame, ()
    doubtful = next((column for column in found if column.drop_nulls().str.contains(_THOUSANDS).all()), None)
    if doubtful is not None and len(found) == 1:
        sample = doubtful.drop_nulls().filter(doubtful.drop_nulls().str.contains(","))[0]
        raise AmbiguousLogError(
            f"{place}: {sample} in the column {doubtful.name} may be a number with a decimal comma, or with a comma "
            "between thousands; write points, and no commas"
        )
    numbers = [column.str.replace(",", ".", literal=True).cast(pl.Float64) for column in found]
    listed = ", ".join(column.name[:40] for column in found[:6])
    message = f"commas in numbers are read as decimal points: {listed}"
    return frame.with_columns(numbers), (Notice(code="decimal-commas", message=message),)


def _has_commas(texts: pl.Series) -> bool:
    known = texts.drop_nulls()
    return len(known) > 0 and bool(known.str.contains(_DECIMAL).all()) and bool(known.str.contains(",").any())
