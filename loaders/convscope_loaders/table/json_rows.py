"""Tables in JSON: a line for each row, or one document with a list of them."""

import json
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import readable
from convscope.ingest.json_text import parsed_json
from convscope.values.header import Notice

_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}

_Row = Mapping[str, object]


def read_json(content: bytes, place: str) -> tuple[pl.DataFrame, tuple[Notice, ...]]:
    """Read a table in JSON.

    Parameters
    ----------
    content
        UTF-8.
    place
        The file, for errors.

    Returns
    -------
    frame, notices
        The rows; a last line that was not written to its end is left out, with a notice.

    Raises
    ------
    LogFormatError
        If it is no JSON, or no rows; the message names the line.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    start = content.lstrip()
    is_lines = start.startswith(b"{") and parsed_json(start.partition(b"\n")[0]) is not None
    try:
        with readable(place):
            return _frame(start, is_lines=is_lines), ()
    except LogFormatError:
        # Line by line, which is slow: Python writes numbers that JSON does not know, and faults get a place.
        rows, notices = _lines(content, place) if is_lines else (_document(content, place), ())
    _check_kinds(rows, place, "line" if is_lines else "entry")
    with readable(place):
        return _frame(b"\n".join(json.dumps(row).encode() for row in rows), is_lines=True), notices


def _frame(content: bytes, *, is_lines: bool) -> pl.DataFrame:
    if is_lines:
        return pl.read_ndjson(content, infer_schema_length=None)
    return pl.read_json(content, infer_schema_length=None)


def _lines(content: bytes, place: str) -> tuple[Sequence[_Row], tuple[Notice, ...]]:
    rows: list[_Row] = []
    lines = content.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = _loads(line)
        except (ValueError, RecursionError) as error:
            if number == len(lines) and rows and _is_cut(line):
                message = f"line {number} is cut off and left out: the file ends within it"
                return rows, (Notice(code="cut-line", message=message, where=f"line {number}"),)
            raise LogFormatError(f"{place}: line {number} is no JSON object: {_reason(error)}") from error
        if not isinstance(row, dict):
            raise LogFormatError(f"{place}: line {number} holds {_kind(row)}; write an object for each row")
        rows.append(row)
    return rows, ()


def _is_cut(line: bytes) -> bool:
    """Whether a line of JSON begins as an object does and lacks its end."""
    return line.lstrip().startswith(b"{") and not line.rstrip().endswith(b"}")


def _document(content: bytes, place: str) -> Sequence[_Row]:
    try:
        found = _loads(content)
    except json.JSONDecodeError as error:
        raise LogFormatError(f"{place}: line {error.lineno} is no JSON: {_reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise LogFormatError(f"{place} is no JSON: {_reason(error)}") from error
    rows: list[_Row] = []
    for number, row in enumerate(found if isinstance(found, list) else [found]):
        if not isinstance(row, dict):
            raise LogFormatError(f"{place}: entry {number} is {_kind(row)}; write an object for each row")
        rows.append(row)
    return rows


def _loads(text: bytes) -> object:
    return json.loads(text, parse_constant=lambda _: None)


def _check_kinds(rows: Sequence[_Row], place: str, unit: str) -> None:
    """Refuse a key that holds a list or an object in one row and something else in another."""
    seen: dict[str, tuple[int, str]] = {}
    for number, row in enumerate(rows, start=int(unit == "line")):
        for key, kind in _nesting(row):
            first, other = seen.setdefault(key, (number, kind))
            if kind != other:
                raise LogFormatError(
                    f"{place}: {key!r:.80} is {kind} in {unit} {number} and {other} in {unit} {first}; write the same "
                    "in every row"
                )


def _nesting(row: _Row) -> Iterable[tuple[str, str]]:
    plain = "a number or a text"
    for key, value in row.items():
        if value is not None:
            yield key, _kind(value) if isinstance(value, list | dict) else plain


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "nothing")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "lists within lists without end"
    if isinstance(error, UnicodeDecodeError):
        return "its bytes are no utf-8 text"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} at its character {error.colno}"
    return "a number or a byte in it is beyond all measure"
