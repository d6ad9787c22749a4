"""Tables that are text: CSV, TSV and JSON lines, packed with gzip or not, read whole and within bounds."""

import gzip
import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import readable
from convscope.ingest.container import Value
from convscope.ingest.parsed import MAX_PARSED_BYTES
from convscope.values.header import Notice
from convscope_loaders.table.cells import bare, unfolded, with_points
from convscope_loaders.table.delimited import MAX_FIRST_LINE_BYTES, read_delimited, separator_of
from convscope_loaders.table.json_rows import read_json
from convscope_loaders.table.wandb import without_run_names

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadTable:
    """The rows of a file, or of several, read whole."""

    frame: pl.DataFrame
    notices: tuple[Notice, ...] = ()
    """What was left out, and what was taken for granted."""
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """What its rows are, as in `convscope_loaders.tidy.row_names`."""


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


def read_text_table(path: Path) -> ReadTable:
    """Read a table of any of the kinds.

    Raises
    ------
    LogFormatError
        If it is something else, broken, without a row, or larger than `MAX_PARSED_BYTES` when unpacked.
    """
    content, place = unpacked(path), str(path)
    line = first_line(content[:MAX_FIRST_LINE_BYTES])
    if line.startswith((b"{", b"[")):
        frame, notices = read_json(content, place)
    else:
        frame, notices = read_delimited(content, place, separator=separator_of(line.decode("utf-8", "replace")))
        with readable(place):
            frame = frame.with_columns(bare(column) for column in frame if column.dtype == pl.String)
            frame = frame.with_columns(unfolded(column) for column in frame if column.dtype == pl.String)
            frame, said = with_points(frame, place)
            frame, of_run = without_run_names(frame, place)
            notices = (*notices, *said, *of_run)
    if not frame.height:
        raise LogFormatError(f"{place} has no row, only the names of its columns; nothing was recorded")
    return ReadTable(frame=frame, notices=notices)


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
