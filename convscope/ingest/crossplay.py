"""Returns of runs that played with one another, from a CSV file (``docs/gap.md``)."""

import csv
import io
from pathlib import Path

import numpy as np

from convscope.errors import CrossPlayError
from convscope.ingest.bounded import bounded_bytes
from convscope.ingest.digests import sha256_of
from convscope.ingest.toml_document import listed
from convscope.values.arrays import FloatArray
from convscope.values.conventions import CrossPlayReturns
from convscope.values.log import TrajectoryLog

MOST_BYTES = 4 << 20
MOST_RUNS = 500


def read_crossplay(path: Path, log: TrajectoryLog) -> CrossPlayReturns:
    """Read a matrix of returns: a row and a column a run, named in the first column and in the first line.

    Parameters
    ----------
    path
        A CSV file. The cell of row A and column B is the mean return when agents of run A play with agents of run B;
        on the diagonal a run plays with itself. An empty cell was not tried.
    log
        Its runs must be among those of the file.

    Raises
    ------
    UsageError
        If there is no such file.
    CrossPlayError
        If it is no square matrix of numbers over runs, or lacks a run of the log.
    """
    content = bounded_bytes(path, "matrix of cross-play", hint="a CSV file", most=MOST_BYTES)
    if content is None:
        raise CrossPlayError(f"{path.name}: larger than {MOST_BYTES >> 20} MiB; a cell a pair of runs is enough")
    try:
        text = content.decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text), strict=True) if any(cell.strip() for cell in line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CrossPlayError(f"{path.name}: is no CSV in UTF-8 ({error})") from error
    runs, returns = _matrix(path, lines)
    missing = [run for run in log.episodes.runs if run not in runs]
    if missing:
        raise CrossPlayError(f"{path.name}: run {missing[0]!r:.80} of the log is not among its runs {listed(runs)}")
    return CrossPlayReturns(runs=runs, returns=returns, sha256=sha256_of(content))


def _matrix(path: Path, lines: list[list[str]]) -> tuple[tuple[str, ...], FloatArray]:
    header = [cell.strip() for cell in lines[0][1:]] if lines else []
    if not 2 <= len(header) <= MOST_RUNS or len(set(header)) < len(header):
        raise CrossPlayError(
            f"{path.name}:1: the first line must name 2 to {MOST_RUNS} different runs after an empty cell"
        )
    names = [line[0].strip() for line in lines[1:]]
    if sorted(names) != sorted(header):
        raise CrossPlayError(
            f"{path.name}: its rows are {listed(names)}, its columns {listed(header)}; they must be alike"
        )
    returns = np.full((len(header), len(header)), np.nan)
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header) + 1:
            raise CrossPlayError(f"{path.name}:{number}: {len(line)} cells, {len(header) + 1} are needed")
        row = header.index(line[0].strip())
        returns[row] = [_number(path, number, cell) for cell in line[1:]]
    untried = [run for run, own in zip(header, np.diagonal(returns), strict=True) if np.isnan(own)]
    if untried:
        raise CrossPlayError(f"{path.name}: run {untried[0]!r:.80} has no return of playing with itself")
    return tuple(header), returns


def _number(path: Path, line: int, cell: str) -> float:
    if not cell.strip():
        return float("nan")
    try:
        number = float(cell)
    except ValueError:
        number = float("inf")
    if not np.isfinite(number):
        raise CrossPlayError(f"{path.name}:{line}: {cell.strip()!r:.40} is no finite number; leave untried cells empty")
    return number
