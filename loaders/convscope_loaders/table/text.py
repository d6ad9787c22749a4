"""Tables that are text: CSV, TSV and JSON lines, packed with gzip or not, read whole and within bounds."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.parsed import MAX_PARSED_BYTES
from convscope_loaders.table.wall import readable

MAX_COLUMNS = 20_000
"""Of a table; observations of some thousand numbers are tables too."""
MAX_FIRST_LINE_BYTES = 4 << 20
"""Of a table; a longer one is no header."""
MISSING = ("nan", "NaN", "NAN", "null", "NULL", "NA", "N/A", "None")
"""Cells that say that there is nothing, beside empty ones."""

_GZIP = b"\x1f\x8b"
_SEPARATORS = "\t;,"


def first_line(head: bytes) -> bytes:
    """Return the first line of a text, as `first_lines` does."""
    return first_lines(head)[0]


def first_lines(head: bytes) -> tuple[bytes, bytes]:
    """Return the first two lines of a text, or of what a gzip archive holds, as far as its first bytes show them.

    Parameters
    ----------
    head
        The first bytes of a file; nothing is assumed of them.
    """
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, len(head) * 4)
        except zlib.error:
            return b"", b""
    first, _, rest = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").partition(b"\n")
    return first.rstrip(b"\r"), rest.partition(b"\n")[0].rstrip(b"\r")


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


def read_text_table(path: Path) -> pl.DataFrame:
    """Read a table of any of the kinds.

    Raises
    ------
    LogFormatError
        If it is something else, broken, or larger than `MAX_PARSED_BYTES` when unpacked.
    """
    content, place = unpacked(path), str(path)
    line = first_line(content[:MAX_FIRST_LINE_BYTES])
    if line.startswith((b"{", b"[")):
        return _read_json(content, place)
    frame = read_delimited(content, place, separator=separator_of(line.decode("utf-8", "replace")))
    with readable(place):
        return frame.with_columns(_unfolded(column) for column in frame if column.dtype == pl.String)


def unpacked(path: Path) -> bytes:
    """Return the content of a text file, unpacked where it is a gzip archive.

    Raises
    ------
    LogFormatError
        If it is larger than `MAX_PARSED_BYTES`, or the archive is broken.
    """
    with path.open("rb") as stream:
        is_packed = stream.read(2) == _GZIP
        stream.seek(0)
        # Room is made for all that is asked for, so no more is asked for than there is.
        n_bytes = min(path.stat().st_size, MAX_PARSED_BYTES) + 1
        content = _inflated(stream, path) if is_packed else stream.read(n_bytes)
    if len(content) > MAX_PARSED_BYTES:
        raise LogFormatError(f"{path} holds more than {MAX_PARSED_BYTES >> 20} MiB; give it in parts")
    return content


def _inflated(stream: BinaryIO, path: Path) -> bytes:
    try:
        with closing(gzip.GzipFile(fileobj=stream)) as archive:
            return archive.read(MAX_PARSED_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise LogFormatError(f"{path} is a broken gzip archive: {error}; copy it again") from error


def read_delimited(
    content: bytes, place: str, *, separator: str, types: Mapping[str, type[pl.DataType]] | None = None
) -> pl.DataFrame:
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

    Raises
    ------
    LogFormatError
        If it is no such table.
    """
    line = first_line(content[: MAX_FIRST_LINE_BYTES + 1])
    if len(line) > MAX_FIRST_LINE_BYTES or b"\x00" in line:
        raise LogFormatError(f"{place}: the first line is no list of columns")
    if b"\x00" in content:
        raise LogFormatError(f"{place} holds NUL bytes, so it is no text; save it as UTF-8")
    try:
        names = header_names(line)
    except LogFormatError as error:
        raise LogFormatError(f"{place}: {error}") from error
    _check_names(names, place)
    with readable(place):
        frame = pl.read_csv(
            content,
            separator=separator,
            infer_schema_length=None,
            schema_overrides=types,
            null_values=list(MISSING),
            raise_if_empty=False,
        )
    # Blank lines become rows without a value.
    return frame.rename(dict(zip(frame.columns, names, strict=True))).filter(~pl.all_horizontal(pl.all().is_null()))


_LIST = r"^\s*[\[(][^\[\]()]*[\])]\s*$"
"""Numbers in brackets, as Python and NumPy print them."""


def _unfolded(texts: pl.Series) -> pl.Series:
    """Return lists of numbers where every text is one, else the texts."""
    if not texts.str.contains(_LIST).all() or texts.null_count() == len(texts):
        return texts
    bare = texts.str.replace_all(r"[\[\](),\s]+", " ").str.strip_chars()
    lists = bare.str.split(" ").list.filter(pl.element() != "")
    words = lists.explode()
    numbers = words.cast(pl.Float64, strict=False)
    is_list = numbers.null_count() == words.null_count() and len(words) > 0
    return lists.cast(pl.List(pl.Float64)) if is_list else texts


def _check_names(names: Sequence[str], place: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise LogFormatError(f"{place} has two columns called {twice!r:.80}; name them apart")


def _read_json(content: bytes, place: str) -> pl.DataFrame:
    is_list = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    try:
        with readable(place):
            return _parsed_json(content, is_list=is_list)
    except LogFormatError:
        if b"NaN" not in content and b"Infinity" not in content:
            raise
    # Python writes these, though JSON knows no such numbers.
    with readable(place):
        lines = b"\n".join(_plain(content if is_list else None, content.splitlines(), place))
        return _parsed_json(lines, is_list=is_list)


def _parsed_json(content: bytes, *, is_list: bool) -> pl.DataFrame:
    if is_list:
        return pl.read_json(content, infer_schema_length=None)
    return pl.read_ndjson(content, infer_schema_length=None)


def _plain(whole: bytes | None, lines: Sequence[bytes], place: str) -> Iterator[bytes]:
    for line in lines if whole is None else [whole]:
        if line.strip():
            try:
                value = json.loads(line, parse_constant=lambda _: None)
            except (ValueError, RecursionError) as error:
                raise LogFormatError(f"{place} is no JSON, line by line: {str(error)[:120]}") from error
            yield json.dumps(value).encode()
