"""Whether a mapping speaks of columns and agents that a table has."""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from convscope.errors import MappingError
from convscope.ingest.container import Container
from convscope.ingest.mapping import LogMapping
from convscope.ingest.table_mapping import TableMapping
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.agents import find_agents, numbered_agents
from convscope_loaders.table.columns import AGENT, read_columns
from convscope_loaders.tidy.places import read_numbers

_MAX_LISTED = 12
_OF_EPISODES = ("run", "checkpoint", "condition", "episode")


def check_columns(mapping: LogMapping, columns: Collection[str], place: str) -> None:
    """Make sure that a table has the columns that a mapping names.

    Parameters
    ----------
    mapping
        As the user wrote it.
    columns
        Paths of the table's columns, ``{agent}`` in the place of agents where a row is a joint step.
    place
        The table, for errors.

    Raises
    ------
    MappingError
        If one is not there; the message names the line, and the nearest column.
    """
    names = [path.removeprefix("/") for path in columns]
    for key, column in mapping.table.places() if mapping.table is not None else ():
        name = column.removeprefix("/")
        if name not in names:
            where = mapping.place(*key, literal=column)
            raise MappingError(f"{where}: {place} has no column {name!r:.80}; {_hint(name, names)}")


def check_use(view: Container, mapping: LogMapping) -> None:
    """Make sure that no column is named for two things, and that a declared clock counts, unless it is called as one.

    Raises
    ------
    MappingError
        If one is; the message names the line.
    """
    declared = mapping.table or TableMapping()
    says: dict[str, str] = {}
    for key, column in declared.places() if not declared.agents else ():
        name, said = column.removeprefix("/"), "" if key[1] in _OF_EPISODES else "/".join(key)
        # What tells runs apart may tell their episodes apart as well.
        if name in says and (said or says[name]):
            raise MappingError(
                f"{mapping.place(*key, literal=column)}: the column {name!r:.80} is named for two things"
            )
        says[name] = said
    clock = (declared.time or "").removeprefix("/")
    time = next((column for column in read_columns(view.inventory) if column.path == f"/{clock}"), None)
    if time is None or time.meaning in {Meaning.TIMESTEP, None}:
        return
    with view.store.open() as file:
        numbers = read_numbers(file, time.path)
    if (numbers[np.isfinite(numbers)] % 1 != 0).any():
        raise MappingError(
            f"{mapping.place('table', 'time')}: the column {time.shown} holds fractions and is called as a "
            f"{time.meaning}: it is no time"
        )


def check_agents(mapping: LogMapping, names: Sequence[str], place: str) -> None:
    """Make sure that each agent of a mapping is in the name of some column.

    One agent alone may have any name, where all rows are its own: where the names of columns show no agents, or the
    mapping names its columns.

    Parameters
    ----------
    mapping
        As the user wrote it.
    names
        Of the table's columns.
    place
        The table, for errors.

    Raises
    ------
    MappingError
        If one is not there; the message names the line, and the nearest agent.
    """
    declared = mapping.table
    if declared is None or not declared.agents:
        return
    seen = find_agents(names) or numbered_agents(names)
    is_alone = len(declared.agents) == 1 and not any(AGENT in column for column in declared.columns)
    if is_alone and (seen is None or declared.fields):
        return
    for agent in declared.agents:
        word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(agent)}(?![A-Za-z0-9])")
        if not any(word.search(name) for name in names):
            known = () if seen is None else (*seen.agents, *seen.doubtful.values())
            where = mapping.place("table", "agents", literal=agent)
            raise MappingError(
                f"{where}: no column of {place} has the agent {agent!r:.80} in its name; {_hint(agent, known or names)}"
            )


def _hint(name: str, known: Iterable[str]) -> str:
    listed = list(known)
    near = difflib.get_close_matches(name, listed, n=1)
    return f"did you mean {near[0]!r:.80}?" if near else f"it has {', '.join(own[:40] for own in listed[:_MAX_LISTED])}"
