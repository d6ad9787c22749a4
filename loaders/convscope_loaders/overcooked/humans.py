"""Trials of human pairs: a row per step with the state and the joint action, as JSON lines, CSV or a pickled table."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from convscope.errors import LogFormatError
from convscope.ingest.parsed import MAX_PARSED_BYTES, Parsed
from convscope_loaders.overcooked.pickled import read_frame
from convscope_loaders.overcooked.steps import (
    Step,
    from_text,
    read_actions,
    read_number,
    read_players,
    read_soups,
    understood,
)
from convscope_loaders.overcooked.trials import Trial, pots_of, tabulate
from convscope_loaders.table.text import read_text_table

COLUMNS = ("joint_action", "state", "layout_name")
"""What every such row has."""
_PAIR = ("workerid_num", "player_0_id", "player_1_id")
_TRIAL = ("trial_id", "split", "run", *_PAIR, "layout_name", "round_num")
"""Columns that tell trials apart, as far as there are such."""
_READ = (*COLUMNS, *_TRIAL, "layout", "cur_gameloop", "reward", "score", "time_left")

Row = Mapping[str, object]


def parse_lines(path: Path) -> Parsed:
    """Turn JSON lines, packed or not, into a table with a row per trial, step and player."""
    return _parsed(_json_rows(path), path)


def parse_table(path: Path) -> Parsed:
    """Turn CSV or TSV, packed or not, into a table with a row per trial, step and player."""
    return _parsed(read_text_table(path).frame.iter_rows(named=True), path)


def parse_pickled(path: Path) -> Parsed:
    """Turn a pickled table, which the user trusts, into one with a row per trial, step and player."""
    return _parsed(read_frame(path, _READ), path)


def _parsed(rows: Iterable[Row], path: Path) -> Parsed:
    trials: dict[tuple[str, ...], Trial] = {}
    for number, row in enumerate(rows):
        with understood(f"{path}: row {number}"):
            key = tuple(_name(row.get(column)) for column in _TRIAL)
            trial = trials.get(key) or trials.setdefault(key, _trial(row))
            trial.steps.append(_step(row, len(trial.steps)))
    for trial in trials.values():
        trial.steps.sort(key=lambda step: step.time)
        # The clock of the study runs from 180 seconds down.
        trial.is_time_limit = True if trial.steps[-1].time_left <= 0 else None
    return tabulate(list(trials.values()), str(path))


def _trial(row: Row) -> Trial:
    who = [name for name in (_name(row.get(column)) for column in _PAIR) if name]
    shown = from_text(row.get("layout"))
    return Trial(
        pair=f"pair_{'_'.join(who)}" if who else "",
        layout=_name(row["layout_name"]),
        pots=pots_of(shown) if shown is not None else None,
    )


def _name(value: object) -> str:
    if not isinstance(value, str | int | float | None):
        raise TypeError(f"a {type(value).__name__} names no trial")
    return "" if value is None else f"{value}"[:200]


def _step(row: Row, place: int) -> Step:
    state = from_text(row["state"])
    time = row.get("cur_gameloop")
    return Step(
        time=place if time is None else read_number(time),
        players=read_players(state),
        soups=read_soups(state),
        actions=read_actions(from_text(row["joint_action"])),
        reward=read_number(row.get("reward")),
        score=read_number(row.get("score")),
        time_left=read_number(row.get("time_left")),
    )


def _json_rows(path: Path) -> Iterator[Row]:
    n_bytes = 0
    with path.open("rb") as stream:
        is_packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        lines = gzip.GzipFile(fileobj=stream) if is_packed else stream
        try:
            while line := lines.readline(MAX_PARSED_BYTES - n_bytes + 1):
                n_bytes += len(line)
                if n_bytes > MAX_PARSED_BYTES:
                    raise LogFormatError(f"{path} unpacks to more than {MAX_PARSED_BYTES >> 20} MiB; give it in parts")
                if line.strip():
                    yield _row(line, path)
        except (OSError, EOFError, zlib.error) as error:
            raise LogFormatError(f"{path} is a broken gzip archive: {error}; copy it again") from error


def _row(line: bytes, path: Path) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LogFormatError(f"{path} is no JSON, line by line: {str(error)[:120]}; it may have been cut") from error
    if not isinstance(row, dict):
        raise LogFormatError(f"{path} is no JSON of one table a line")
    return row
