"""Folders with a table for each agent, ``agent_0.csv`` and ``agent_1.csv``, read as one."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import read_table, readable
from convscope.ingest.columnar_trial import check_decodable
from convscope.ingest.folder import list_files
from convscope.values.header import Notice
from convscope_loaders.structure.lexicon import Meaning, is_numbered_agent
from convscope_loaders.table.agents import find_agents
from convscope_loaders.table.columns import AGENT, name_meaning
from convscope_loaders.table.text import ReadTable, read_text_table
from convscope_loaders.table.unroll import unrolled
from convscope_loaders.tidy.row_names import FILE_ROWS, FILES

_TABLE = re.compile(r"(.+?)\.(?:(?:csv|tsv|tab|json|jsonl|ndjson)(?:\.gz)?|parquet|arrow|feather|ipc)", re.I)
_COLUMNAR = frozenset({".parquet", ".arrow", ".feather", ".ipc"})
_NUMBERED = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]+[_-]?\d+(?![A-Za-z0-9])")
_COLUMN = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTables:
    """The tables of a folder, and what else lies in it."""

    file_of: Mapping[str, str]
    """Name of the file of each agent, as it is called in the name."""
    others: tuple[str, ...]

    @property
    def first(self) -> str:
        """The file of the first agent."""
        return next(iter(self.file_of.values()))


def tables_of_agents(files: Sequence[str]) -> AgentTables | None:
    """Return which files are each one agent's table; None where there are fewer than two.

    Parameters
    ----------
    files
        Of the folder, relative to it, in numbered order; their names differ by the agent's alone.
    """
    kinds: dict[str, dict[str, str]] = defaultdict(dict)
    for name in files:
        told = _TABLE.fullmatch(name) if "/" not in name else None
        found = (one[0] for one in _NUMBERED.finditer(told[1])) if told is not None else ()
        agent = next((word for word in found if is_numbered_agent(word)), None)
        if agent is not None:
            kinds[name.replace(agent, AGENT, 1)][agent] = name
    own = max(kinds.values(), key=len, default={})
    if len(own) < 2 or sum(len(kind) > 1 for kind in kinds.values()) > 1:
        return None
    return AgentTables(file_of=own, others=tuple(name for name in files if name not in own.values()))


def read_tables_of_agents(folder: Path) -> ReadTable:
    """Read the tables of a folder, one after the other.

    Raises
    ------
    LogFormatError
        If one cannot be read, or is not one agent's alone.
    """
    found = tables_of_agents(list_files(folder))
    if found is None:
        raise LogFormatError(f"{folder} has changed: its tables of agents are no longer there")
    tables = {name: _of_agent(folder / name, agent) for agent, name in found.file_of.items()}
    frames = [table.frame for table in tables.values()]
    with readable(str(folder)):
        frame = pl.concat(frames, how="diagonal_relaxed")
    notices = tuple(dict.fromkeys(chain.from_iterable(table.notices for table in tables.values())))
    said = Notice(
        code="agents-by-file",
        message=f"each file is one agent's table, told by its name: {', '.join(list(tables)[:6])}",
    )
    left = f"other files beside the agents' tables are left out ({len(found.others)})"
    passed = [Notice(code="passed-over", message=left, where=found.others[0])] if found.others else []
    return ReadTable(
        frame=frame,
        notices=(said, *passed, *notices),
        attributes={FILES: tuple(tables), FILE_ROWS: tuple(frame.height for frame in frames)},
    )


def _read(path: Path) -> ReadTable:
    if path.suffix.lower() not in _COLUMNAR:
        return read_text_table(path)
    check_decodable([path])
    return ReadTable(frame=read_table(path, ["*"]))


def _of_agent(path: Path, agent: str) -> ReadTable:
    table = _read(path)
    found = unrolled(table.frame, str(path))
    frame, inside = found.frame, find_agents(found.frame.columns)
    if any(name_meaning(name) is Meaning.AGENT for name in frame.columns):
        return ReadTable(frame=frame, notices=(*table.notices, *found.notices))
    if inside is not None and inside.agents != (agent,):
        names = ", ".join(inside.agents[:4])
        raise LogFormatError(f"{path} is called after {agent} and has columns of {names}; give it alone, or rename it")
    template_of = inside.template_of if inside is not None else {}
    bare = {name: template.replace(AGENT, "").strip("_./ ") for name, template in template_of.items()}
    named = frame.rename(bare).with_columns(pl.lit(agent).alias(_COLUMN))
    return ReadTable(frame=named, notices=(*table.notices, *found.notices))
