"""What a first look at a file tells: whether it is a table, and whether its columns are those of a log."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo
from convscope.ingest.json_text import parsed_json
from convscope.ingest.probe import FileKind, Probe
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.long import find_columns
from convscope_loaders.table.agents import find_agents
from convscope_loaders.table.columns import column_meaning, plain_name
from convscope_loaders.table.frames import TableKind, column_names
from convscope_loaders.table.text import first_lines, header_names

_KINDS = {FileKind.PARQUET: TableKind.PARQUET, FileKind.ARROW: TableKind.ARROW}
_KEY = re.compile(rb'"((?:[^"\\]|\\.){1,200})"\s*:')
_TELLING = frozenset(
    {Meaning.ACTION, Meaning.ACTION_ONE_HOT, Meaning.OBSERVATION, Meaning.POSITION, Meaning.COORDINATE}
)
_PLACED = frozenset({Meaning.AGENT, Meaning.EPISODE_ID, Meaning.TIMESTEP})
_REPORT = (
    frozenset({"run", "checkpoint", "condition", "episode", "source", "agent", "declared_role"}),
    frozenset({"run", "sender", "receiver", "weight", "p_value", "q_value"}),
    frozenset({"run", "receiver", "sender", "preference", "mass"}),
)
"""Columns of the tables that a report of convscope holds."""
_TABLE_NAME = re.compile(r".+\.(?:csv|tsv|tab|jsonl|ndjson|parquet|arrow|feather|ipc)(?:\.gz)?", re.I)
_LINES_NAME = re.compile(r".+\.(?:jsonl|ndjson)(?:\.gz)?", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the names of a table's columns suggest."""

    is_log: bool
    reason: str


def table_kind(probe: Probe) -> TableKind | None:
    """Return how the rows of a file are stored; None for text."""
    return _KINDS.get(probe.kind)


def glance(probe: Probe) -> Glance | None:
    """Return what a file's first bytes, or its list of columns, suggest; None where it is no table."""
    if probe.container is not None:
        inventory = probe.container.inventory
        if find_columns(inventory) is not None:
            return Glance(is_log=True, reason="arrays of one length are called as the columns of a table")
        return _of_records(inventory.datasets.values())
    names = _names(probe)
    if len(names) < 2:
        return None
    found = judged(names)
    return found if found.is_log or _TABLE_NAME.fullmatch(probe.path.name) else None


def judged(names: Sequence[str]) -> Glance:
    """Return what the names of columns suggest."""
    if any(set(names) >= own for own in _REPORT):
        return Glance(is_log=False, reason="a table of a convscope report: give the log that the report is on")
    if any(name.startswith("values_block_") for name in names):
        reason = "a table of pandas whose columns have their names in pickles, never read: save with data_columns=True"
        return Glance(is_log=False, reason=reason)
    meanings = {column_meaning(plain_name(name)[0]) for name in names}
    telling = sorted(meaning for meaning in meanings & _TELLING if meaning is not None)
    if find_agents(names) is not None or (telling and meanings & _PLACED):
        return Glance(
            is_log=True, reason=f"columns are called {', '.join(f'{meaning}s' for meaning in telling) or 'so'}"
        )
    return Glance(
        is_log=False,
        reason="a table, but not of what agents did: none of its columns is called an action, an observation or a "
        "position, beside an agent, an episode or a timestep",
    )


def _of_records(infos: Iterable[ArrayInfo]) -> Glance | None:
    known = tuple(infos)
    kinds = [judged(names) for names in dict.fromkeys(info.columns for info in known if len(info.columns) > 1)]
    plain = [column_meaning(plain_name(info.path.rpartition("/")[2])[0]) for info in known if not info.columns]
    if kinds and Meaning.ACTION in plain:
        return Glance(is_log=False, reason="beside its record tables the file has arrays of actions")
    return next((found for found in kinds if found.is_log), kinds[0] if kinds else None)


def _names(probe: Probe) -> Sequence[str]:
    kind = table_kind(probe)
    try:
        if kind is not None:
            return column_names(probe.path, kind)
        if probe.kind in {FileKind.TEXT, FileKind.GZIP}:
            return _names_in(*first_lines(probe.head), is_lines=_LINES_NAME.fullmatch(probe.path.name) is not None)
    except LogFormatError:
        return ()
    return ()


def _names_in(line: bytes, following: bytes, *, is_lines: bool) -> Sequence[str]:
    if not line.startswith((b"{", b"[{")):
        return header_names(line)
    if line.startswith(b"{") and not is_lines and not following.startswith(b"{"):
        # One object alone describes something; rows are several.
        return ()
    row = parsed_json(line)
    if isinstance(row, dict):
        return [name for key, value in row.items() for name in _keys(key, value)]
    # A line that goes on beyond the first look.
    return [key.decode("utf-8", "replace") for key in dict.fromkeys(_KEY.findall(line))]


def _keys(name: str, value: object) -> list[str]:
    if not isinstance(value, dict) or not value:
        return [name]
    return [f"{name}/{key}" for key in value]
