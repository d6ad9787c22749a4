"""Arrow and Parquet files are decoded once in a process of their own, within bounds.

A crafted one can abort the process that decodes it, and one of a thousand bytes can hold gigabytes: a value that
repeats itself is stored once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from convscope.errors import LogFormatError, RefusedFileError

EXPANSION = 1100
"""What a file may hold over its size; what repeats itself is stored once, but no log is all repetition."""
EXPANSION_FLOOR = 64 << 20
"""What any file may hold."""
MAX_MEMORY = 16 << 30
"""Address space of that process, where the system can limit it."""
SECONDS = 60
"""That it may take, and as many more as the files have tens of megabytes."""

_BASE_MEMORY, _MEMORY_A_BYTE = 2 << 30, 16
_ROWS_AT_A_TIME = 1 << 12
_UNREADABLE, _TOO_MUCH = 3, 4
_THREADS = "4"
"""Each takes address space."""


def check_decodable(paths: Sequence[Path], columns: Sequence[str] = (), *, floor: int = EXPANSION_FLOOR) -> None:
    """Make sure that all rows of some tables can be decoded, and do not hold far more than they are large.

    Parameters
    ----------
    paths
        Parquet or Arrow files.
    columns
        Those that will be read; empty for all.
    floor
        Bytes that each may hold, however small it is.

    Raises
    ------
    LogFormatError
        If one cannot be decoded.
    RefusedFileError
        If one holds too much.
    """
    sizes = [path.stat().st_size for path in paths]
    task = {
        "files": [(str(path.resolve()), _budget(size, floor)) for path, size in zip(paths, sizes, strict=True)],
        "columns": list(columns),
        "memory": min(MAX_MEMORY, _BASE_MEMORY + _MEMORY_A_BYTE * max(sizes, default=0)),
    }
    patience = SECONDS + sum(sizes) / 10e6
    try:
        done = subprocess.run(  # noqa: S603  our own script; what it is told goes by its standard input
            [sys.executable, "-P", __file__],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
            env={**os.environ, "POLARS_MAX_THREADS": _THREADS},
        )
    except subprocess.TimeoutExpired as error:
        raise LogFormatError(
            f"{_listed(paths)} is not decoded in {patience:.0f} s; it is damaged or made to stall"
        ) from error
    if done.returncode:
        # One line for each file that was begun; the last one is at fault.
        raise _fault(paths[max(done.stdout.count("\n") - 1, 0)], done.returncode, floor)


def _fault(path: Path, code: int, floor: int) -> LogFormatError:
    n_bytes = path.stat().st_size
    if code == _TOO_MUCH:
        message = f"{path} holds more than {_budget(n_bytes, floor) >> 20} MiB in {n_bytes} bytes: no honest table does"
        return RefusedFileError("declared-size", message)
    why = "its rows cannot be decoded" if code == _UNREADABLE else "decoding it ends in a crash"
    return LogFormatError(f"{path} cannot be read: {why}; it is damaged, copy or write it again")


def _budget(n_bytes: int, floor: int) -> int:
    return max(floor, EXPANSION * n_bytes)


def _listed(paths: Sequence[Path]) -> str:
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more files"


def scan_table(path: Path) -> pl.LazyFrame:
    """Return a table that has not been read yet; its kind is told by its first bytes."""
    with path.open("rb") as stream:
        is_parquet = stream.read(4) == b"PAR1"
    # A name is a name: no pattern, no address of another machine.
    return pl.scan_parquet(path, glob=False) if is_parquet else pl.scan_ipc(path, glob=False)


def main() -> None:
    """Decode every row of the tables that the standard input names."""
    task = json.load(sys.stdin)
    _limit_memory(task["memory"])
    for path, budget in task["files"]:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        try:
            is_within = _is_within(Path(path), task["columns"], budget)
        except (PolarsError, PanicException, OSError, MemoryError):
            sys.exit(_UNREADABLE)
        if not is_within:
            sys.exit(_TOO_MUCH)


def _is_within(path: Path, columns: Sequence[str], budget: int) -> bool:
    frame = scan_table(path)
    chosen = frame.select(*columns) if columns else frame
    n_bytes = 0
    for rows in chosen.collect_batches(chunk_size=_ROWS_AT_A_TIME):
        n_bytes += sum(map(_size, rows))
        if n_bytes > budget:
            return False
    return True


def _size(column: pl.Series) -> int:
    """Return the bytes of all values; polars itself keeps equal texts once."""
    if column.dtype == pl.String:
        return int(column.str.len_bytes().sum()) + 8 * len(column)
    if column.dtype == pl.Binary:
        return int(column.bin.size().sum()) + 8 * len(column)
    return int(column.estimated_size())


def _limit_memory(n_bytes: int) -> None:
    try:
        import resource  # noqa: PLC0415  unknown to some systems
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))


if __name__ == "__main__":
    main()
