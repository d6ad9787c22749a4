"""What a first look at a file tells: whether it is a table, and whether its columns are those of a log."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.json_text import parsed_json
from convscope.ingest.probe import FileKind, Probe
from convscope.ingest.probe import probe as look
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.long import find_columns
from convscope_loaders.table.agents import find_agents
from convscope_loaders.table.by_agent import AgentTables, tables_of_agents
from convscope_loaders.table.columns import name_meaning
from convscope_loaders.table.delimited import header_names
from convscope_loaders.table.frames import column_names
from convscope_loaders.table.text import first_lines

_KEY = re.compile(rb'"((?:[^"\\]|\\.){1,200})"\s*:')
_LIST_OF_OBJECTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")
_LIST_OF_EPISODES = re.compile(rb'"(?:episodes|trajectories|rollouts|games|demos|runs)"\s*:\s*\[\s*\{')
_SPELLED = (
    (re.compile(rb"#[^,;\t\n]*\n"), "text that begins with a comment; begin it with the names of the columns"),
    (re.compile(rb"\xff\xfe|\xfe\xff"), "text in UTF-16; save it as UTF-8"),
    (
        re.compile(rb'\s*\{\s*"(?:[^"\\]|\\.){1,200}"\s*:\s*\{\s*"0"\s*:|\s*\{\s*"columns"\s*:\s*\['),
        "JSON with a list for each column, as pandas writes it; write rows: to_json(orient='records', lines=True)",
    ),
)
"""How tables begin that are spelled in a way that is not read."""
_BROKEN = "damaged or cut: it ends before its table does; copy it or write it again"
_EMPTY = (b"[]", b"{}", b"\xef\xbb\xbf")
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
_TABLE_NAME = re.compile(r".+\.(?:csv|tsv|tab|json|jsonl|ndjson|parquet|arrow|feather|ipc)(?:\.gz)?", re.I)
_LINES_NAME = re.compile(r".+\.(?:jsonl|ndjson)(?:\.gz)?", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the names of a table's columns suggest."""

    is_log: bool
    reason: str


def is_columnar(probe: Probe) -> bool:
    """Whether a file is Parquet or Arrow."""
    return probe.kind in {FileKind.PARQUET, FileKind.ARROW}


def glance(probe: Probe) -> Glance | None:
    """Return what a file's first bytes, or its list of columns, suggest; None where it is no table."""
    tables = tables_of_agents(probe.files)
    if tables is not None:
        return _of_agents(probe, tables)
    if probe.container is not None:
        return _of_arrays(probe.container.inventory)
    try:
        names = _names(probe)
    except LogFormatError:
        is_table = is_columnar(probe) and _TABLE_NAME.fullmatch(probe.path.name) is not None
        return Glance(is_log=False, reason=_BROKEN) if is_table else None
    refused = _refused(probe)
    if refused is not None:
        return Glance(is_log=False, reason=refused)
    if len(names) < 2:
        return None
    found = judged(names)
    return found if found.is_log or _TABLE_NAME.fullmatch(probe.path.name) else None


def _refused(probe: Probe) -> str | None:
    """Return why a file that is called like a table is none that is read; None for any other."""
    if not _TABLE_NAME.fullmatch(probe.path.name):
        return None
    if probe.head.strip() in _EMPTY:
        return "a list without a row; nothing was recorded"
    return next((reason for pattern, reason in _SPELLED if pattern.match(probe.head)), None)


def _of_agents(folder: Probe, tables: AgentTables) -> Glance | None:
    try:
        found = glance(look(folder.path / tables.first, tables.first))
    except LogFormatError:
        return None
    if found is None or not found.is_log:
        return None
    return Glance(is_log=True, reason=f"a table for each agent: {', '.join(list(tables.file_of)[:6])}")


def judged(names: Sequence[str]) -> Glance:
    """Return what the names of columns suggest."""
    if any(set(names) >= own for own in _REPORT):
        return Glance(is_log=False, reason="a table of a convscope report: give the log that the report is on")
    if any(name.startswith("values_block_") for name in names):
        reason = "a table of pandas whose columns have their names in pickles, never read: save with data_columns=True"
        return Glance(is_log=False, reason=reason)
    meanings = {name_meaning(name) for name in names}
    telling = sorted(meaning for meaning in meanings & _TELLING if meaning is not None)
    is_step = Meaning.ACTION in meanings and meanings & {Meaning.REWARD, Meaning.OBSERVATION}
    if find_agents(names) is not None or is_step or (telling and meanings & _PLACED):
        called = ", ".join(f"{meaning}s" for meaning in telling) or "after agents"
        return Glance(is_log=True, reason=f"columns are called {called}")
    return Glance(
        is_log=False,
        reason="a table, but not of what agents did: none of its columns is called an action, an observation or a "
        "position, beside an agent, an episode or a timestep",
    )


def _of_arrays(inventory: Inventory) -> Glance | None:
    if find_columns(inventory) is not None:
        return Glance(is_log=True, reason="arrays of one length are called as the columns of a table")
    return _of_records(inventory.datasets.values())


def _of_records(infos: Iterable[ArrayInfo]) -> Glance | None:
    known = tuple(infos)
    kinds = [judged(names) for names in dict.fromkeys(info.columns for info in known if len(info.columns) > 1)]
    # Only beside record tables: a file has few of them and maybe millions of arrays.
    plain = {info.path.rpartition("/")[2] for info in known if kinds and not info.columns}
    if Meaning.ACTION in map(name_meaning, plain):
        return Glance(is_log=False, reason="beside its record tables the file has arrays of actions")
    return next((found for found in kinds if found.is_log), kinds[0] if kinds else None)


def _names(probe: Probe) -> Sequence[str]:
    if is_columnar(probe):
        return column_names(probe.path)
    if probe.kind in {FileKind.TEXT, FileKind.GZIP}:
        return _names_in(probe.head, is_lines=_LINES_NAME.fullmatch(probe.path.name) is not None)
    return ()


def _names_in(head: bytes, *, is_lines: bool) -> Sequence[str]:
    line, following = first_lines(head)
    if not line.startswith((b"{", b"[{")) and not _LIST_OF_OBJECTS.match(head):
        return header_names(line)
    row = parsed_json(line)
    if isinstance(row, dict) and (is_lines or following.startswith(b"{")):
        return [name for key, value in row.items() for name in _keys(key, value)]
    if line.startswith(b"{") and not is_lines and not _LIST_OF_EPISODES.search(head):
        # One object alone describes something; rows are several.
        return ()
    # Rows that go on beyond the first look, or over several lines.
    return [key.decode("utf-8", "replace") for key in dict.fromkeys(_KEY.findall(head))]


def _keys(name: str, value: object) -> list[str]:
    inner = value[0] if isinstance(value, list) and value else None
    if isinstance(inner, dict):
        # Its objects become rows.
        return [key for own, part in inner.items() for key in _keys(own, part)]
    if not isinstance(value, dict) or not value:
        return [name]
    return [f"{name}/{key}" for key in value]
