"""From what episodes hold to the datasets of a file."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import prod

from convscope.errors import UsageError
from convscope.ingest.log_targets import Target, targets_of
from convscope.recording.sketch import TEAM, ColumnSketch, Shape, Sketch
from convscope.values.fields import (
    ACTIONS,
    INFO,
    REWARDS,
    STATE,
    TEAM_REWARDS,
    FieldSpec,
    Level,
    Weights,
    randomized,
    with_weights,
)
from convscope.values.header import ActionKind, ActionSpace, Agent, LogHeader

_NO_ACTIONS = ActionSpace(kind=ActionKind.CONTINUOUS, width=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a recorder was told of the team and its environment, beside the episodes."""

    framework: str | None = None
    environment: str | None = None
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Patterns over agents' names by declared role."""
    teams: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Groups that the framework itself forms; agents of one that differ in their spaces are parted all the same."""
    interventions_randomized: bool = False
    weights: Mapping[str, Weights] = field(default_factory=dict)
    """What is declared of fields of pairs, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The datasets of a file."""

    header: LogHeader
    targets: tuple[Target, ...]
    notes: tuple[str, ...]
    """What the file's shapes take for granted, a sentence each."""


def layout_of(sketch: Sketch, about: About, declared: Collection[str]) -> Layout:
    """Return the datasets for episodes of a sketch.

    Parameters
    ----------
    sketch
        What they hold.
    about
        What else is known of the team.
    declared
        Agents whose action space was declared.
    """
    group_of = _groups(sketch, about)
    fields = tuple(_field(name, column, sketch) for name, column in sketch.columns.items())
    header = LogHeader(
        agents=tuple(
            Agent(
                name=agent,
                action_space=sketch.spaces.get(agent, _NO_ACTIONS),
                group=group_of[agent],
                team=_told(about.teams, agent, "teams"),
                declared_role=_told(about.roles, agent, "roles"),
            )
            for agent in sketch.agents
        ),
        fields=tuple(with_weights(spec, about.weights) for spec in _drawn(fields, about)),
        inputs=(),
        framework=about.framework,
        environment=about.environment,
        roles=tuple(about.roles),
    )
    return Layout(header=header, targets=tuple(_targets(header, sketch)), notes=tuple(_notes(sketch, declared)))


def _drawn(fields: Sequence[FieldSpec], about: About) -> Sequence[FieldSpec]:
    return [randomized(spec) for spec in fields] if about.interventions_randomized else fields


def _told(patterns_of: Mapping[str, Sequence[str]], agent: str, kind: str) -> str | None:
    """Return the role, team or group whose patterns an agent's name fits."""
    found = [name for name, patterns in patterns_of.items() if _fits(agent, patterns)]
    if len(found) > 1:
        raise UsageError(f"{agent} is in two {kind}, {found[0]} and {found[1]}; its name must fit the patterns of one")
    return found[0] if found else None


def without_agents(patterns_of: Mapping[str, Sequence[str]], agents: Sequence[str]) -> list[str]:
    """Return the roles, teams or groups whose patterns fit no agent's name."""
    return [name for name, patterns in patterns_of.items() if not any(_fits(agent, patterns) for agent in agents)]


def _fits(agent: str, patterns: Sequence[str]) -> bool:
    return any(agent == pattern or fnmatchcase(agent, pattern) for pattern in patterns)


def _field(name: str, column: ColumnSketch, sketch: Sketch) -> FieldSpec:
    is_discrete = all(space.kind is not ActionKind.CONTINUOUS for space in sketch.spaces.values())
    # Whole numbers of a continuous action may be negative, and -1 stands for a missing action.
    dtype = "<f8" if name == ACTIONS and not is_discrete else column.dtype
    if column.level is not Level.AGENT:
        shape = column.shapes[TEAM]
        flat = () if name == TEAM_REWARDS else (prod(shape),) if name == STATE else shape
        return FieldSpec(name=name, level=column.level, shape=flat, dtype=dtype)
    if _is_one_number(name, column):
        return FieldSpec(name=name, level=column.level, dtype=dtype)
    widths = tuple(prod(column.shapes[agent]) if agent in column.shapes else 0 for agent in sketch.agents)
    return FieldSpec(
        name=name,
        level=column.level,
        shape=(max(widths),),
        dtype=dtype,
        widths=widths if len(set(widths)) > 1 else None,
    )


def _is_one_number(name: str, column: ColumnSketch) -> bool:
    return name == REWARDS or (name.startswith(INFO) and set(column.shapes.values()) == {()})


def _targets(header: LogHeader, sketch: Sketch) -> list[Target]:
    targets = [target for spec in header.fields for target in targets_of(header, spec)]
    return [target for target in targets if _holds_anything(target, header, sketch.columns[target.field.name])]


def _holds_anything(target: Target, header: LogHeader, column: ColumnSketch) -> bool:
    if target.slots is None:
        return True
    return any(header.agents[slot].name in column.shapes for slot in target.slots)


def _groups(sketch: Sketch, about: About) -> dict[str, str]:
    """Return the group of each agent: agents are together that have equal spaces and equal columns."""
    members: dict[tuple[object, ...], list[str]] = {}
    for agent in sketch.agents:
        shapes = tuple((name, column.shapes.get(agent)) for name, column in sketch.columns.items())
        members.setdefault((_told(about.groups, agent, "groups"), sketch.spaces.get(agent), shapes), []).append(agent)
    names: dict[str, str] = {}
    for (told, *_), agents in members.items():
        name = str(told) if told is not None else "all" if len(members) == 1 else _shared_name(agents)
        while name in names.values():
            name = f"{name}_{agents[0]}"
        names |= dict.fromkeys(agents, name)
    return names


def _shared_name(agents: Sequence[str]) -> str:
    stems = tuple(dict.fromkeys(re.sub(r"[ _\-]*\d+$", "", agent) or agent for agent in agents))
    return stems[0] if len(stems) == 1 else f"{stems[0]} and others"


def _notes(sketch: Sketch, declared: Collection[str]) -> list[str]:
    guessed = [agent for agent in sketch.spaces if agent not in declared]
    seen = (
        f"the actions of {', '.join(guessed)} were not declared: there are as many as were seen in the first episodes"
    )
    notes = [seen] if guessed else []
    for name, column in sketch.columns.items():
        deep = {shape for shape in column.shapes.values() if len(shape) > 1}
        if deep and (column.level is Level.AGENT or name == STATE):
            notes.append(
                f"{name} of shape {_shapes(deep)} are kept as one row of numbers, the last axis running fastest"
            )
    return notes


def _shapes(shapes: set[Shape]) -> str:
    return ", ".join(str(shape) for shape in sorted(shapes))
