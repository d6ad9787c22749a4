"""Files of labels: CSV that says in which formation a team was, and how slots were padded (``docs/formation.md``)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from convscope.errors import LabelsError, UsageError
from convscope.ingest.digests import sha256_of
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.labels import EpisodeLabels
from convscope.values.log import TrajectoryLog

MAX_BYTES = 64 << 20
"""A larger file is a mistake."""
MOST_NAMES = 12
"""Formations, or ways of padding."""
_MOST_DIGITS = 15
_COLUMNS = ("run", "checkpoint", "episode", "start", "stop", "formation", "padding")


def read_labels(path: Path, log: TrajectoryLog) -> EpisodeLabels:
    """Read a file of labels and hold it against a log.

    Parameters
    ----------
    path
        A CSV file: ``episode`` (numbered from 0 within run and checkpoint), ``formation`` or ``padding`` or both;
        ``run`` and ``checkpoint`` where the log has several; ``start`` and ``stop`` (exclusive) for a stretch of
        timesteps, else the whole episode.
    log
        The log whose episodes it numbers.

    Raises
    ------
    UsageError
        If there is no such file.
    LabelsError
        If the file does not say what it should or does not fit the log; the message names the line.
    """
    if not path.is_file():
        raise UsageError(f"no file of labels at {path}")
    if path.stat().st_size > MAX_BYTES:
        raise LabelsError(f"{path.name}: larger than {MAX_BYTES >> 20} MiB; a line an episode or stretch is enough")
    content = path.read_bytes()
    reader = _Reader(file=path.name, table=log.episodes, rows=_rows(path.name, content))
    episode = reader.episodes()
    formations, formation = reader.names("formation")
    paddings, padding = reader.names("padding")
    return EpisodeLabels(
        sha256=sha256_of(content),
        formations=formations,
        spans=reader.spans(episode, formation),
        paddings=paddings,
        padding=reader.of_episodes(episode, padding, paddings),
    )


def _rows(file: str, content: bytes) -> pl.DataFrame:
    try:
        rows = pl.read_csv(content, infer_schema=False, truncate_ragged_lines=False)
    except (pl.exceptions.PolarsError, UnicodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else "unreadable"
        raise LabelsError(f"{file}: no CSV table with a line of column names ({reason})") from error
    unknown = [name for name in rows.columns if name not in _COLUMNS]
    if unknown:
        raise LabelsError(f"{file}:1: no column {unknown[0]!r} is known; the columns are {', '.join(_COLUMNS)}")
    if "episode" not in rows.columns or not {"formation", "padding"} & set(rows.columns):
        raise LabelsError(f"{file}:1: needs a column episode, and formation or padding")
    if not rows.height:
        raise LabelsError(f"{file}: holds no labels")
    return rows.with_columns(pl.all().str.strip_chars().replace("", None))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reader:
    file: str
    table: EpisodeTable
    rows: pl.DataFrame

    def episodes(self) -> IntArray:
        """Return the row of the episode table that each line is about."""
        table = self.table
        runs = self._codes("run", table.runs)
        checkpoints = self._codes("checkpoint", table.checkpoints)
        numbers = self._numbers("episode")
        keys = zip(table.run.tolist(), table.checkpoint.tolist(), table.number.tolist(), strict=True)
        row_of = {key: row for row, key in enumerate(keys)}
        wanted = [(run, c, -1 if n is None else n) for run, c, n in zip(runs, checkpoints, numbers, strict=True)]
        for line, key in enumerate(wanted):
            if key not in row_of:
                number = "without a number" if key[2] < 0 else key[2]
                raise self._fault(line, f"no episode {number} in that run and checkpoint; they are numbered from 0")
        return np.array([row_of[key] for key in wanted], dtype=np.int64)

    def names(self, column: str) -> tuple[tuple[str, ...], IntArray]:
        """Return the distinct names of a column in their order, and the number of each line's, -1 for none."""
        texts = self._texts(column)
        names = tuple(dict.fromkeys(text for text in texts if text is not None))
        if len(names) > MOST_NAMES:
            raise LabelsError(f"{self.file}: {len(names)} names in column {column}; at most {MOST_NAMES} are compared")
        number_of: dict[str | None, int] = {name: number for number, name in enumerate(names)}
        return names, np.array([number_of.get(text, -1) for text in texts], dtype=np.int64)

    def spans(self, episode: IntArray, formation: IntArray) -> IntArray:
        """Return the stretches that have a formation."""
        length = self.table.length[episode]
        start = self._places("start", np.zeros_like(length))
        stop = self._places("stop", length)
        wrong = np.flatnonzero((start >= stop) | (stop > length))
        if wrong.size:
            line = int(wrong[0])
            message = f"timesteps {start[line]} to {stop[line]} are not in an episode of {length[line]}"
            raise self._fault(line, message)
        is_named = formation >= 0
        spans = np.column_stack([episode, start, stop, formation])
        self._check_apart(spans, np.flatnonzero(is_named))
        return spans[is_named]

    def of_episodes(self, episode: IntArray, padding: IntArray, names: tuple[str, ...]) -> IntArray:
        """Return one label an episode, shape (E,)."""
        found = np.full(self.table.n_episodes, -1, dtype=np.int64)
        for line, (row, label) in enumerate(zip(episode.tolist(), padding.tolist(), strict=True)):
            if label >= 0 and found[row] not in (-1, label):
                raise self._fault(line, f"padding {names[label]!r}, but {names[found[row]]!r} in a line above")
            found[row] = label if label >= 0 else found[row]
        return found

    def _check_apart(self, spans: IntArray, lines: IntArray) -> None:
        order = lines[np.lexsort([spans[lines, 1], spans[lines, 0]])]
        before, after = spans[order[:-1]], spans[order[1:]]
        clash = np.flatnonzero((before[:, 0] == after[:, 0]) & (before[:, 2] > after[:, 1]))
        if clash.size:
            first, second = sorted((int(order[clash[0]]), int(order[clash[0] + 1])))
            raise self._fault(second, f"shares timesteps of its episode with line {first + 2}")

    def _codes(self, column: str, names: tuple[str, ...]) -> list[int]:
        if column not in self.rows.columns:
            if len(names) > 1:
                raise LabelsError(
                    f"{self.file}:1: the log has {len(names)} {column}s; a column {column} must say which"
                )
            return [len(names) - 1] * self.rows.height
        number_of: dict[str | None, int] = {name: number for number, name in enumerate(names)}
        found: list[int] = []
        for line, text in enumerate(self._texts(column)):
            code = number_of.get(text, -1 if text is None else None)
            if code is None:
                raise self._fault(line, f"no {column} {text!r} in the log; it has {', '.join(names[:8]) or 'none'}")
            found.append(code)
        return found

    def _numbers(self, column: str) -> list[int | None]:
        texts = self._texts(column)
        for line, text in enumerate(texts):
            if text is not None and not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
                raise self._fault(line, f"{column} must be a whole number, not {text!r}")
        return [None if text is None else int(text) for text in texts]

    def _places(self, column: str, default: IntArray) -> IntArray:
        given = self._numbers(column)
        places = zip(given, default.tolist(), strict=True)
        return np.array([left_out if place is None else place for place, left_out in places], dtype=np.int64)

    def _texts(self, column: str) -> list[str | None]:
        held = column in self.rows.columns
        return self.rows[column].to_list() if held else [None] * self.rows.height

    def _fault(self, line: int, message: str) -> LabelsError:
        return LabelsError(f"{self.file}:{line + 2}: {message}")
