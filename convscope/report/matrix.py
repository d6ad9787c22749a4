"""Matrices as tables: the number in each cell, a shade behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.figures import aligned, share


class Shade(StrEnum):
    """What a shade means; the name is the cell's class in the style sheet."""

    AMOUNT = "amount"
    MORE = "more"
    LESS = "less"
    BLANK = "blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell."""

    text: str
    shade: Shade
    strength: str
    """Percent of the full shade, 0 to 100."""
    is_uncertain: bool = False
    """Hatched."""
    bounds: str = ""
    """Interval of the number, shown small; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A table with row and column names."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def amounts(
    values: FloatArray,
    names: Sequence[str],
    *,
    title: str,
    note: str,
    top: float | None = None,
    decimals: int | None = None,
) -> Matrix:
    """Return a matrix of amounts, darker for more.

    Parameters
    ----------
    values
        Shape (n, n), non-negative; NaN is blank.
    names
        Of rows and columns, n of them.
    title, note
        Shown above and below.
    top
        Amount that has the full shade; None takes the largest. Share it between matrices that are compared.
    decimals
        Of the numbers; None gives two digits to the largest.
    """
    full = top or largest(values)
    texts = _texts(values, decimals)
    rows = [
        tuple(map(partial(_amount, full=full), row, words)) for row, words in zip(values.tolist(), texts, strict=True)
    ]
    return Matrix(title=title, note=note, columns=tuple(names), rows=tuple(zip(names, rows, strict=True)))


def shares_of_rows(values: FloatArray, rows: Sequence[str], columns: Sequence[str], *, title: str, note: str) -> Matrix:
    """Return a matrix of percentages; the full shade is 100 %.

    Parameters
    ----------
    values
        Shape (rows, columns), from 0 to 1.
    rows, columns
        Names.
    title, note
        Shown above and below.
    """
    cells = [tuple(_share(value) for value in row) for row in values.tolist()]
    return Matrix(title=title, note=note, columns=tuple(columns), rows=tuple(zip(rows, cells, strict=True)))


def differences(values: FloatArray, names: Sequence[str], *, title: str, note: str, uncertain: BoolArray) -> Matrix:
    """Return a matrix of differences: one colour for more, another for less, the sign always with the number.

    Parameters
    ----------
    values
        Shape (n, n), of shares; NaN is blank.
    names
        Of rows and columns.
    title, note
        Shown above and below.
    uncertain
        Cells to hatch, shape (n, n).
    """
    # A tenth is a small difference of two shares: it must not look like the end of the scale.
    full = max(largest(np.abs(values)), 0.1)
    rows = [
        tuple(map(partial(_difference, full=full), row, words, hatched))
        for row, words, hatched in zip(values.tolist(), _texts(values, 2), uncertain.tolist(), strict=True)
    ]
    return Matrix(title=title, note=note, columns=tuple(names), rows=tuple(zip(names, rows, strict=True)))


def with_bounds(matrix: Matrix, low: FloatArray, high: FloatArray) -> Matrix:
    """Return a matrix with an interval in each cell, from ends of shape (rows, columns); NaN where there is none."""
    rows = [
        (name, tuple(replace(cell, bounds=_bounds(*ends)) for cell, *ends in zip(cells, lows, highs, strict=True)))
        for (name, cells), lows, highs in zip(matrix.rows, low.tolist(), high.tolist(), strict=True)
    ]
    return replace(matrix, rows=tuple(rows))


def _bounds(low: float, high: float) -> str:
    return " to ".join(aligned([low, high], digits=2, decimals=2)) if np.isfinite(low) and np.isfinite(high) else ""


def largest(values: FloatArray) -> float:
    """Return the largest finite value, 1 if there is none above 0."""
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _texts(values: FloatArray, decimals: int | None) -> list[tuple[str, ...]]:
    """Return the numbers of a matrix row by row, with the same decimals throughout."""
    width = values.shape[1]
    flat = aligned(values.ravel().tolist(), digits=2, decimals=decimals)
    return [flat[start : start + width] for start in range(0, len(flat), max(width, 1))]


def _amount(value: float, text: str, *, full: float) -> Cell:
    if not np.isfinite(value):
        return Cell(text="blank", shade=Shade.BLANK, strength="0")
    return Cell(text=text, shade=Shade.AMOUNT, strength=_percent(value / full))


def _share(value: float) -> Cell:
    return Cell(text=share(value), shade=Shade.AMOUNT, strength=_percent(value))


def _difference(value: float, text: str, is_uncertain: bool, *, full: float) -> Cell:  # noqa: FBT001  a boolean cell
    if not np.isfinite(value):
        return Cell(text="blank", shade=Shade.BLANK, strength="0")
    shade = Shade.MORE if value > 0 else Shade.LESS
    # What rounds to zero has no sign.
    sign = "+" if value > 0 and text.strip("0.") else ""
    return Cell(text=sign + text, shade=shade, strength=_percent(abs(value) / full), is_uncertain=is_uncertain)


def _percent(part: float) -> str:
    return f"{100 * min(max(part, 0.0), 1.0):.0f}"
