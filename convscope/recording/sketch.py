"""What episodes hold, without their rows: agents, columns, shapes and types. Episodes of one file share one sketch."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from convscope.errors import UsageError
from convscope.ingest.log_layout import MISSING_IS_MINUS_ONE
from convscope.ingest.packing import storage_type
from convscope.recording.episode import Numbers, RecordedColumn, RecordedEpisode
from convscope.values.fields import ACTIONS, Level
from convscope.values.header import ActionKind, ActionSpace

Shape: TypeAlias = tuple[int, ...]
TEAM = ""
"""Stands for the team where shapes are told by agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSketch:
    """A column without its rows."""

    level: Level
    dtype: str
    """In the file."""
    shapes: Mapping[str, Shape]
    """What each agent has in a row; of a column of the team or of pairs, under `TEAM`, what remains after the axes of
    time, receiver and sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What a file must have room for."""

    agents: tuple[str, ...]
    columns: Mapping[str, ColumnSketch]
    """By field."""
    spaces: Mapping[str, ActionSpace]
    """Of agents that have actions, or whose space was declared."""


def sketch_of(episode: RecordedEpisode, declared: Mapping[str, ActionSpace]) -> Sketch:
    """Return the sketch of one episode.

    Parameters
    ----------
    episode
        Any.
    declared
        Action spaces of the agents that were declared; those of others are told by the actions seen.
    """
    columns = {field: _column(field, column, episode.agents) for field, column in episode.columns.items()}
    seen: Mapping[str, ActionSpace] = {}
    if ACTIONS in episode.columns and not declared.keys() >= set(episode.agents):
        seen = _seen_spaces(episode.columns[ACTIONS], episode.agents)
    spaces = {agent: space for agent in episode.agents if (space := declared.get(agent) or seen.get(agent))}
    return Sketch(agents=episode.agents, columns=columns, spaces=spaces)


def kind_of(episode: RecordedEpisode, declared: Mapping[str, ActionSpace]) -> Hashable | None:
    """Return what the sketch of an episode depends on, which is told faster; None where it depends on its numbers."""
    columns = episode.columns.items()
    is_told = ACTIONS not in episode.columns or declared.keys() >= set(episode.agents)
    is_plain = all(
        c.values is not None and (c.values.dtype.kind in "fu" or f in MISSING_IS_MINUS_ONE) for f, c in columns
    )
    if not is_told or not is_plain:
        return None
    return episode.agents, tuple((f, c.level, c.parts[0].dtype, c.parts[0].shape[1:]) for f, c in columns)


def merged(first: Sketch, second: Sketch) -> Sketch:
    """Return a sketch with room for what both have room for; the first one itself if that has it.

    Raises
    ------
    UsageError
        If a column has another level or another number of axes.
    """
    both = Sketch(
        agents=tuple(dict.fromkeys((*first.agents, *second.agents))),
        columns=_merged_columns(first.columns, second.columns),
        spaces=_merged_spaces(first.spaces, second.spaces),
    )
    return first if both == first else both


def difference(before: Sketch, after: Sketch) -> str:
    """Say in a few words what a merged sketch has that the one before it had not."""
    new_agents = [agent for agent in after.agents if agent not in before.agents]
    new_columns = [field for field in after.columns if field not in before.columns]
    wider = [field for field in before.columns if after.columns[field] != before.columns[field]]
    spaces = [agent for agent in before.spaces if after.spaces[agent] != before.spaces[agent]]
    found = {
        "agents": new_agents,
        "columns": new_columns,
        "wider or other numbers of": [] if new_agents else wider,
        "more actions (declare action_spaces) of": spaces,
    }
    return "; ".join(f"{what} {', '.join(names)}" for what, names in found.items() if names)


def _column(field: str, column: RecordedColumn, agents: tuple[str, ...]) -> ColumnSketch:
    if column.by_agent is not None:
        shapes = {agent: part.shape[1:] for agent, part in column.by_agent.items()}
    elif column.level is Level.AGENT:
        shapes = dict.fromkeys(agents, column.parts[0].shape[2:])
    else:
        inner = column.parts[0].shape[1:]
        shapes = {TEAM: inner[:-2] if column.level is Level.PAIR else inner}
    types = {part.dtype.str: part for part in column.parts}
    dtype = _common(tuple(_stored_type(field, part) for part in types.values()))
    return ColumnSketch(level=column.level, dtype=dtype, shapes=shapes)


def _stored_type(field: str, values: Numbers) -> str:
    dtype = storage_type(values.dtype.str)
    # The smallest number of a type marks a missing cell; where it is really there, a wider type is needed.
    is_marked = field not in MISSING_IS_MINUS_ONE and values.dtype.kind == "i" and values.size
    if is_marked and values.min() == np.iinfo(dtype).min:
        return "<f8" if dtype == "<i8" else np.dtype(f"<i{2 * np.dtype(dtype).itemsize}").str
    return dtype


def _common(types: tuple[str, ...]) -> str:
    return types[0] if len(set(types)) == 1 else storage_type(np.result_type(*types).str)


def _seen_spaces(actions: RecordedColumn, agents: tuple[str, ...]) -> Mapping[str, ActionSpace]:
    if actions.by_agent is not None:
        return {agent: _seen_space(part.reshape(len(part), -1)) for agent, part in actions.by_agent.items()}
    (values,) = actions.parts
    rows = values.reshape(*values.shape[:2], -1)
    return {agent: _seen_space(rows[:, slot]) for slot, agent in enumerate(agents)}


def _seen_space(actions: Numbers) -> ActionSpace:
    width = actions.shape[1]
    if actions.dtype.kind not in "iub":
        return ActionSpace(kind=ActionKind.CONTINUOUS, width=width)
    # What is negative stands for no action.
    sizes = tuple(max(int(n), 0) + 1 for n in actions.max(axis=0))
    kind = ActionKind.DISCRETE if width == 1 else ActionKind.MULTI_DISCRETE
    return ActionSpace(kind=kind, n=sizes, width=width)


def _merged_columns(first: Mapping[str, ColumnSketch], second: Mapping[str, ColumnSketch]) -> dict[str, ColumnSketch]:
    both = dict(first)
    for field, column in second.items():
        both[field] = _merged_column(field, first[field], column) if field in first else column
    return both


def _merged_column(field: str, first: ColumnSketch, second: ColumnSketch) -> ColumnSketch:
    if first.level is not second.level:
        raise UsageError(f"{field} is one value per {first.level} in one episode and per {second.level} in another")
    shapes = dict(first.shapes)
    for owner, shape in second.shapes.items():
        shapes[owner] = _merged_shape(field, first.shapes[owner], shape) if owner in first.shapes else shape
    return ColumnSketch(level=first.level, dtype=_common((first.dtype, second.dtype)), shapes=shapes)


def _merged_shape(field: str, first: Shape, second: Shape) -> Shape:
    if len(first) != len(second):
        raise UsageError(f"{field} has shape {first} in one episode and {second} in another")
    return tuple(max(sizes) for sizes in zip(first, second, strict=True))


def _merged_spaces(first: Mapping[str, ActionSpace], second: Mapping[str, ActionSpace]) -> dict[str, ActionSpace]:
    both = dict(first)
    for agent, space in second.items():
        both[agent] = _merged_space(first[agent], space) if agent in first else space
    return both


def _merged_space(first: ActionSpace, second: ActionSpace) -> ActionSpace:
    width = max(first.width, second.width)
    if first.kind is not second.kind or len(first.n) != len(second.n):
        return ActionSpace(kind=ActionKind.CONTINUOUS, width=width)
    sizes = tuple(max(pair) for pair in zip(first.n, second.n, strict=True))
    return ActionSpace(kind=first.kind, n=sizes, width=width)
