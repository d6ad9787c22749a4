"""A table is decoded once in a process of its own, because a crafted one can abort the process that decodes it."""

import subprocess
import sys
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from convscope.errors import LogFormatError

MAX_MEMORY = 16 << 30
"""Address space of that process, where the system can limit it."""
SECONDS = 60
"""That it may take, and as many more as the file has tens of megabytes."""

_ROWS_AT_A_TIME = 1 << 16
_UNREADABLE = 3


def check_readable(path: Path, kind: str) -> None:
    """Make sure that all rows of a table can be decoded.

    Parameters
    ----------
    path
        Parquet or Arrow file.
    kind
        As in `convscope_loaders.table.frames.TableKind`.

    Raises
    ------
    LogFormatError
        If they cannot.
    """
    command = [sys.executable, "-P", __file__, str(path), kind]
    patience = SECONDS + path.stat().st_size / 10e6
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise LogFormatError(f"{path} is not decoded in {patience:.0f} s; it is damaged or made to stall") from error
    if done.returncode:
        reason = done.stdout.strip()[:200] if done.returncode == _UNREADABLE else "decoding it ends in a crash"
        raise LogFormatError(f"{path} cannot be read: {reason}; it is damaged, copy or write it again")


def main() -> None:
    """Decode every row of the table that the command line names."""
    _limit_memory()
    path, kind = sys.argv[1:]
    frame = pl.scan_parquet(path, glob=False) if kind == "parquet" else pl.scan_ipc(path, glob=False)
    try:
        for _ in frame.collect_batches(chunk_size=_ROWS_AT_A_TIME):
            pass
    except (PolarsError, PanicException, OSError, MemoryError) as error:
        sys.stdout.write((str(error).splitlines() or [type(error).__name__])[0])
        sys.exit(_UNREADABLE)


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415  unknown to some systems
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


if __name__ == "__main__":
    main()
