"""CSV and TSV: a line of names, then rows; lines that do not fit are named, not filled up."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import readable
from convscope.values.header import Notice

MAX_COLUMNS = 20_000
"""Of a table; observations of some thousand numbers are tables too."""
MAX_FIRST_LINE_BYTES = 4 << 20
"""Of a table; a longer one is no header."""
MISSING = ("nan", "NaN", "NAN", "null", "NULL", "NA", "N/A", "None")
"""Cells that say that there is nothing, beside empty ones."""

_SEPARATORS = "\t;,"
_SEVERAL = ", and where the names take several lines, as of a pandas MultiIndex, join them to one line"
_MAX_CELL_BYTES = 16 << 20


def header_names(line: bytes) -> tuple[str, ...]:
    """Return the names in the first line of a CSV or TSV file; empty where it is no such line.

    Raises
    ------
    LogFormatError
        If there are more than `MAX_COLUMNS`, or a quotation mark is left open.
    """
    text = line.decode("utf-8", "replace")
    if "\x00" in text or not text.strip():
        return ()
    n_columns = text.count(separator_of(text)) + 1
    if n_columns > MAX_COLUMNS:
        raise LogFormatError(f"the first line names {n_columns} columns, more than the {MAX_COLUMNS} that are read")
    with readable("the first line"):
        frame = pl.read_csv(text.encode(), separator=separator_of(text), has_header=False, infer_schema=False)
        return tuple("" if name is None else str(name).strip().removeprefix("#").strip() for name in frame.row(0))


def separator_of(header: str) -> str:
    """Return what separates the columns of a first line."""
    return max(_SEPARATORS, key=header.count)


def read_delimited(
    content: bytes, place: str, *, separator: str, types: Mapping[str, type[pl.DataType]] | None = None
) -> tuple[pl.DataFrame, tuple[Notice, ...]]:
    """Read CSV or TSV with a line of names.

    Parameters
    ----------
    content
        UTF-8.
    place
        The file, for errors.
    separator
        Between columns.
    types
        Of the columns that must have a certain type; the others show theirs in all of their rows.

    Returns
    -------
    frame, notices
        The rows; a last line that was not written to its end is left out, with a notice.

    Raises
    ------
    LogFormatError
        If it is no such table, or a line has more or fewer cells than there are names.
    """
    names = _checked_names(content, place)
    frame = _parsed(content, place, separator=separator, types=types)
    if frame is None or _may_lack_cells(content, frame, separator):
        _check_encoding(content, place)
        content, cut = _without_cut_line(content, place, separator=separator, n_names=len(names))
        frame = _parsed(content, place, separator=separator, types=types)
    else:
        cut = ()
    if frame is None:
        raise LogFormatError(f"{place} is no table with the separator {separator!r}; write it again, as UTF-8")
    # Blank lines become rows without a value.
    rows = frame.rename(dict(zip(frame.columns, names, strict=True))).filter(~pl.all_horizontal(pl.all().is_null()))
    return rows, cut


def _checked_names(content: bytes, place: str) -> Sequence[str]:
    line, _, _ = content[: MAX_FIRST_LINE_BYTES + 1].lstrip(b"\xef\xbb\xbf\r\n").partition(b"\n")
    if len(line) > MAX_FIRST_LINE_BYTES or b"\x00" in line:
        raise LogFormatError(f"{place}: the first line is no list of columns")
    if b"\x00" in content:
        line_number = content[: content.index(b"\x00")].count(b"\n") + 1
        raise LogFormatError(f"{place}: line {line_number} holds NUL bytes, so it is no text; save the table as UTF-8")
    try:
        names = header_names(line.rstrip(b"\r"))
    except LogFormatError as error:
        raise LogFormatError(f"{place}: {error}") from error
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        numbers = " and ".join(str(at + 1) for at in [at for at, name in enumerate(names) if name == twice][:3])
        raise LogFormatError(f"{place}: columns {numbers} are both called {twice!r:.80}; name them apart{_SEVERAL}")
    return names


def _parsed(
    content: bytes, place: str, *, separator: str, types: Mapping[str, type[pl.DataType]] | None
) -> pl.DataFrame | None:
    """Return the rows; None where lines do not fit the names."""
    try:
        with readable(place):
            return pl.read_csv(
                content,
                separator=separator,
                infer_schema_length=None,
                schema_overrides=types,
                null_values=list(MISSING),
                raise_if_empty=False,
            )
    except LogFormatError:
        return None


def _check_encoding(content: bytes, place: str) -> None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise LogFormatError(f"{place}: line {line} is no utf-8 text; save the table as UTF-8") from error


def _may_lack_cells(content: bytes, frame: pl.DataFrame, separator: str) -> bool:
    """Whether a line could be short: the last column of some row is empty, and there are too few separators."""
    if not frame.width or not frame[frame.columns[-1]].null_count():
        return False
    n_lines = 1 + sum(1 for line in content.splitlines()[1:] if line.strip())
    return b'"' in content or content.count(separator.encode()) != n_lines * (frame.width - 1)


def _without_cut_line(content: bytes, place: str, *, separator: str, n_names: int) -> tuple[bytes, tuple[Notice, ...]]:
    """Return a table without a last line that its writer did not finish.

    Raises
    ------
    LogFormatError
        If another line has more or fewer cells than there are names.
    """
    text = content.decode("utf-8-sig")
    for line, n_cells in _uneven(text, separator, n_names):
        is_last = not text.endswith(("\n", "\r")) and line > text.count("\n")
        if not is_last or n_cells > n_names:
            raise LogFormatError(
                f"{place}: line {line} has {n_cells} cells, and the first line names {n_names} columns; write a cell "
                "for each, empty where there is nothing"
            )
        message = f"line {line} is cut off and left out: it has {n_cells} of {n_names} cells, and no end"
        kept = text[: text.rfind("\n") + 1]
        return kept.encode(), (Notice(code="cut-line", message=message, where=f"line {line}"),)
    return content, ()


def _uneven(text: str, separator: str, n_names: int) -> Iterator[tuple[int, int]]:
    """Return the first line, from 1, whose cells are not as many as the names, and how many it has."""
    csv.field_size_limit(_MAX_CELL_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        uneven = ((reader.line_num, len(cells)) for cells in reader if cells and len(cells) != n_names)
        yield from islice(uneven, 1)
    except csv.Error:
        yield reader.line_num, 1
