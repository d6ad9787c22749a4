"""Which columns of a table with a row per joint step belong to which agent, by their names."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from convscope_loaders.structure.lexicon import Meaning, is_numbered_agent
from convscope_loaders.table.columns import AGENT, column_meaning, name_meaning, plain_name
from convscope_loaders.table.worded import DEEDS, OF_AGENTS, agents_by_words, is_alone

_SEEN = frozenset({Meaning.OBSERVATION, Meaning.POSITION, Meaning.COORDINATE})
_NUMBERED = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]+_?\d+(?![A-Za-z0-9])")
_NUMBER = re.compile(r"\d+")
_STROKES = re.compile(r"[/.]")

_Split = tuple[str, str]
"""An agent, and what remains of the name of one of its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentColumns:
    """The agents of a wide table."""

    agents: tuple[str, ...]
    """What stands for each in the names."""
    template_of: Mapping[str, str]
    """Name of a column with ``{agent}`` for the agent in it, by the column's name."""
    doubtful: Mapping[str, str] = field(default_factory=dict[str, str])
    """By name, each column that holds what one more agent does, or a value that all share: what stands for it."""


def find_agents(names: Sequence[str]) -> AgentColumns | None:
    """Return whose columns are whose; None where the names do not tell.

    Parameters
    ----------
    names
        Of the columns, such as ``agent_0.action``, ``scout_action`` or ``obs/scout``.
    """
    marks = [*_by_strokes(names), *_by_numbered_words(names)]
    marked = _with(DEEDS, marks)
    name_of = {agent: name for agent, name in agents_by_words(names).items() if agent not in marked}
    if not marked and len(name_of) < 2:
        # A word before an action is an agent's name only where several act.
        name_of = {}
        marked = () if any(name_meaning(name) in DEEDS for name in names) else _with(_SEEN, marks)
    known = (*marked, *name_of)
    template_of = divided(names, known) if known else {}
    alone = [agent for agent, name in name_of.items() if is_alone(agent, name, template_of)]
    agents = tuple(agent for agent in known if agent not in alone)
    if not agents:
        return None
    doubtful = {name_of[agent]: agent for agent in alone}
    return AgentColumns(agents=agents, template_of=divided(names, agents), doubtful=doubtful)


def numbered_agents(names: Sequence[str]) -> AgentColumns | None:
    """Return the agents if numbers in the names are theirs, as in ``action_0`` and ``reward_0``; None without actions.

    Columns whose numbers are others than those of the actions are no agent's.
    """
    acting = next((own for stem, own in _numbers_of(names).items() if column_meaning(stem) in DEEDS), None)
    if acting is None:
        return None
    agents = tuple(dict.fromkeys(acting.values()))
    doubtful = {name: agent for agent, name in agents_by_words(names).items()}
    return AgentColumns(agents=agents, template_of=divided(names, agents), doubtful=doubtful)


def declared_agents(names: Sequence[str], agents: tuple[str, ...], columns: Collection[str]) -> AgentColumns:
    """Return the columns of agents that a mapping names.

    Parameters
    ----------
    names
        Of all columns.
    agents
        What stands for each in the names.
    columns
        Those that the mapping names, with ``{agent}`` where they are an agent's.
    """
    told = {column.replace(AGENT, agent): column for column in columns if AGENT in column for agent in agents}
    rest = [name for name in names if name not in columns and name not in told]
    own = {name: template for name, template in told.items() if name in names}
    return AgentColumns(agents=agents, template_of={**divided(rest, agents), **own})


def divided(names: Sequence[str], agents: Sequence[str]) -> Mapping[str, str]:
    """Return the names that hold an agent's, with ``{agent}`` for the first agent in each.

    Where agents are numbers, only such names that come with all of these numbers and no other: as the first number in
    them, else as the last.
    """
    if all(agent.isdecimal() for agent in agents):
        return _numbered(names, agents)
    words = "|".join(re.escape(agent) for agent in sorted(agents, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])")
    found = ((name, pattern.search(name)) for name in names)
    return {name: _template(name, at) for name, at in found if at is not None}


def _numbered(names: Sequence[str], agents: Sequence[str]) -> Mapping[str, str]:
    template_of: dict[str, str] = {}
    for own in _numbers_of(names).values():
        places = {name: [*_NUMBER.finditer(name)] for name in own}
        for at in (0, -1):
            if {found[at][0] for found in places.values()} == set(agents):
                template_of |= {name: _template(name, found[at]) for name, found in places.items()}
                break
    return template_of


def _template(name: str, at: re.Match[str]) -> str:
    return f"{name[: at.start()]}{AGENT}{name[at.end() :]}"


def _numbers_of(names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Return the first number in the names that could be an agent's, by their stems."""
    numbers_of: dict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        stem, numbers = plain_name(name)
        found = _NUMBER.search(name)
        if numbers and found is not None and column_meaning(stem) in OF_AGENTS:
            numbers_of[stem][name] = found[0]
    return numbers_of


def _with(meanings: frozenset[Meaning], splits: Sequence[_Split]) -> tuple[str, ...]:
    """Return the agents that have a column of one of these meanings."""
    return tuple(dict.fromkeys(agent for agent, rest in splits if name_meaning(rest) in meanings))


def _by_strokes(names: Sequence[str]) -> Iterable[_Split]:
    """Split names such as ``scout.action``, ``agent_0/obs/3`` or ``observations/scout``."""
    for name in names:
        parts = _STROKES.split(name)
        if len(parts) > 1:
            at = _agent_part(parts)
            if not parts[at].isdecimal():
                yield parts[at], " ".join((*parts[:at], *parts[at + 1 :]))


def _agent_part(parts: Sequence[str]) -> int:
    for at in (1, 0):
        if is_numbered_agent(parts[at]):
            return at
    # A letter alone is as well an agent's name as a field's.
    return int(len(parts[0]) > 1 and name_meaning(parts[0]) in OF_AGENTS)


def _by_numbered_words(names: Sequence[str]) -> Iterable[_Split]:
    """Split names such as ``agent_0_action`` or ``action_player1``."""
    for name in names:
        words = name.replace("_", " ")
        for found in _NUMBERED.finditer(re.sub(r"([A-Za-z]) (\d)", r"\1_\2", words)):
            if is_numbered_agent(found[0]):
                at = re.search(re.escape(found[0]).replace("_", "[_ ]?"), name)
                if at is not None and at[0] != name:
                    yield at[0], f"{name[: at.start()]} {name[at.end() :]}"
                    break
