"""Who a table's rows are about: a column that names the agent, or columns for each agent in a row per joint step."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.container import ArrayReader, Container
from convscope.ingest.table_mapping import TableMapping
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.agents import AgentColumns, declared_agents, find_agents, numbered_agents
from convscope_loaders.table.columns import AGENT, Column, name_meaning, read_columns, single
from convscope_loaders.table.step_rows import only_steps
from convscope_loaders.table.wide import AGENT_COLUMN, widened
from convscope_loaders.table.widths import refuse_ragged
from convscope_loaders.tidy.places import read_numbers


class NobodyError(AmbiguousLogError):
    """A table that does not say whom its rows are about."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subjects:
    """The table with a row per agent, and who that is."""

    container: Container
    agent: str
    """Path of the column."""
    agents: tuple[str, ...] = ()
    """What stands for each agent in the names of columns; empty where a column names it."""
    shared: frozenset[str] = frozenset()
    """Paths of the columns that are no single agent's."""
    said: tuple[str, ...] = ()
    """What was taken for granted."""


def find_subjects(
    container: Container, declared: TableMapping, place: str, *, state: tuple[int, int]
) -> Subjects | None:
    """Find the agents of a table.

    Parameters
    ----------
    container
        Its columns.
    declared
        What a mapping says, by paths.
    place
        The file, for errors.
    state
        Size and time of change of the file.

    Returns
    -------
    Subjects or None
        None where a row holds lists with an entry for each agent: such columns are arrays on a grid.

    Raises
    ------
    AmbiguousLogError
        If several columns could be the agent, or none is.
    """
    if declared.agent is not None:
        return Subjects(container=only_steps(container, declared, state), agent=declared.agent)
    names = [path.strip("/") for path in container.inventory.datasets]
    if declared.agents:
        told = {column.removeprefix("/") for column in declared.columns}
        own = declared_agents(names, declared.agents, told)
        if len(declared.agents) > 1 and not own.template_of:
            raise LogFormatError(f"{place}: no column has one of {', '.join(declared.agents[:6])} in its name")
        return _by_columns(container, own, declared, place=place, state=state)
    columns = read_columns(container.inventory)
    candidates = single(columns, Meaning.AGENT)
    if candidates:
        view = only_steps(container, declared, state)
        with view.store.open() as file:
            return Subjects(container=view, agent=_sole(file, candidates, place).path)
    found = find_agents(names) or _numbered(names)
    if found is not None:
        _refuse_doubtful(found, place)
        return _by_columns(container, found, declared, place=place, state=state)
    if any(column.meaning is Meaning.ACTION and len(column.info.shape) > 1 for column in columns):
        refuse_ragged(container.inventory, place)
        _check_is_one_run(container, columns, place)
        return None
    raise NobodyError(
        f"{place}: no column says which agent a row is about: all rows may be one agent's, or a row may hold what "
        'several do; say agent = "COLUMN" or agents = ["NAME", ...] in a mapping; a folder with a table for each agent '
        "is one log if its files are called after them, such as agent_0.csv"
    )


def _refuse_doubtful(found: AgentColumns, place: str) -> None:
    for name, agent in found.doubtful.items():
        told = ", ".join(f'"{other}"' for other in (*found.agents[:6], agent))
        raise AmbiguousLogError(
            f"{place}: {name} may be what one more agent does, {agent}, or a value that all of "
            f"{', '.join(found.agents[:6])} share; say agents = [{told}] in a mapping, or the same without {agent}"
        )


def _check_is_one_run(container: Container, columns: Sequence[Column], place: str) -> None:
    """Refuse a table on a grid that holds more than the grid can count."""
    with container.store.open() as file:
        for column in single(columns, Meaning.RUN, Meaning.CHECKPOINT, Meaning.CONDITION, Meaning.INSTANCE):
            if len(np.unique(read_numbers(file, column.path))) > 1:
                raise LogFormatError(
                    f"{place}: {column.shown} holds several {column.meaning}s, and lists hold an entry for each agent; "
                    "give each its own file, or a row to each agent"
                )


def _sole(file: ArrayReader, candidates: Sequence[Column], place: str) -> Column:
    """Return the one column, or the one with names where several tell the same agents apart."""
    codes = [np.unique(read_numbers(file, column.path), return_inverse=True)[1].reshape(-1) for column in candidates]
    for column, other in zip(candidates[1:], codes[1:], strict=True):
        both = len(np.unique(codes[0] * (int(other.max(initial=0)) + 1) + other))
        if not both == codes[0].max(initial=-1) + 1 == other.max(initial=-1) + 1:
            raise AmbiguousLogError(
                f"{place}: {candidates[0].shown} and {column.shown} could each be the agent; say which in a mapping: "
                f'agent = "{candidates[0].shown}"'
            )
    return next((column for column in candidates if column.values is not None), candidates[0])


def _numbered(names: Sequence[str]) -> AgentColumns | None:
    """Return the agents that numbers stand for, where rewards have the actions' numbers, or observations and more."""
    found = numbered_agents(names)
    if found is None or len(found.agents) < 2:
        return None
    for template in found.template_of.values():
        before, _, after = template.partition(AGENT)
        meaning = name_meaning(f"{before} {after}")
        if meaning is Meaning.REWARD or (meaning is Meaning.OBSERVATION and re.search(r"\d", after)):
            return found
    return None


def _by_columns(
    container: Container, found: AgentColumns, declared: TableMapping, *, place: str, state: tuple[int, int]
) -> Subjects:
    refuse_ragged(container.inventory, place)
    template_of = {f"/{name}": f"/{template}" for name, template in found.template_of.items()}
    container = only_steps(container, declared, state, template_of=template_of)
    template_of = {path: own for path, own in template_of.items() if path in container.inventory.datasets}
    view = widened(container, found.agents, template_of)
    shown = ", ".join(found.agents[:6]) + (", ..." if len(found.agents) > 6 else "")
    said: tuple[str, ...] = (
        f"a row is a joint step of {len(found.agents)} agents ({shown}), told by the names of their columns",
        "an agent all of whose columns are empty is not there",
    )
    if all(agent.isdecimal() for agent in found.agents):
        several = next((name for name in found.template_of if len(re.findall(r"\d+", name)) > 1), None)
        if several is not None:
            said = (*said, f"of the numbers in {several} the agent's is that in {found.template_of[several]}")
    shared = {path for path in container.inventory.datasets if path not in template_of}
    return Subjects(
        container=view,
        agent=AGENT_COLUMN,
        agents=found.agents,
        shared=frozenset(shared) if template_of else frozenset(),
        said=said if template_of else (f"all rows are those of {shown}",),
    )
