"""Which columns of a table with a row per joint step belong to which agent, by their names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from convscope_loaders.structure.lexicon import Meaning, is_numbered_agent
from convscope_loaders.table.columns import AGENT, VECTORS, column_meaning, plain_name

_DEEDS = frozenset({Meaning.ACTION, Meaning.ACTION_ONE_HOT})
_OF_AGENTS = VECTORS | {
    Meaning.REWARD,
    Meaning.DONE,
    Meaning.TERMINATED,
    Meaning.TRUNCATED,
    Meaning.ALIVE,
    Meaning.ROLE,
}
_NO_AGENTS_TEXT = "prev previous last next new old raw joint env avail available legal executed sampled chosen"
_NO_AGENTS = frozenset(_NO_AGENTS_TEXT.split())
"""Words before ``action`` that name no agent."""
_NUMBERED = re.compile(r"(?:(?<=^)|(?<=_))[A-Za-z]+_?\d+(?=_|$)")
_WORDS = re.compile(r"[/.]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentColumns:
    """The agents of a wide table."""

    agents: tuple[str, ...]
    """What stands for each in the names."""
    template_of: Mapping[str, str]
    """Name of a column with ``{agent}`` for the agent in it, by the column's name."""


def find_agents(names: Sequence[str]) -> AgentColumns | None:
    """Return whose columns are whose; None where the names do not tell.

    Parameters
    ----------
    names
        Of the columns, such as ``agent_0.action``, ``scout_action`` or ``obs/scout``.
    """
    for split in (_by_parts, _by_numbered_words, _by_shared_words):
        found = _agreeing(names, list(split(names)))
        if found is not None:
            return found
    return None


def numbered_agents(names: Sequence[str]) -> AgentColumns | None:
    """Return the agents if numbers behind the names of single columns are theirs, as in ``action_0`` and ``reward_0``.

    None unless there are columns of actions, or what could be taken for such.
    """
    splits: list[tuple[str, str, str]] = []
    for name in names:
        stem, numbers = plain_name(name)
        found = re.search(r"\d+", name)
        if numbers and found is not None and column_meaning(stem) in _OF_AGENTS:
            splits.append((name, found[0], f"{name[: found.start()]}{AGENT}{name[found.end() :]}"))
    return _agreeing(names, splits)


def _agreeing(names: Sequence[str], splits: Sequence[tuple[str, str, str]]) -> AgentColumns | None:
    """Keep what is an agent's: those that act, or where nobody does, are seen somewhere, in columns of their own."""
    template_of = {name: template for name, _, template in splits}
    columns_of: dict[str, set[str]] = defaultdict(set)
    for _, agent, template in splits:
        columns_of[agent].add(template)
    seen = {template for template in template_of.values() if _meaning(template) in _DEEDS}
    if not seen and not any(column_meaning(plain_name(name)[0]) in _DEEDS for name in names):
        seen = {t for t in template_of.values() if _meaning(t) in {Meaning.OBSERVATION, Meaning.POSITION}}
    agents = [agent for agent, templates in columns_of.items() if templates & seen]
    if not agents:
        return None
    kept = {name: template for name, template in template_of.items() if _agent(name, template) in agents}
    return AgentColumns(agents=tuple(agents), template_of=kept)


def _agent(name: str, template: str) -> str:
    before, _, after = template.partition(AGENT)
    return name[len(before) : len(name) - len(after)]


def _meaning(template: str) -> Meaning | None:
    return column_meaning(plain_name(template.replace(AGENT, " "))[0])


def _by_parts(names: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Split names such as ``scout.action``, ``agent_0/obs/3`` or ``observations/scout``."""
    for name in names:
        parts = _WORDS.split(name)
        if len(parts) < 2:
            continue
        is_first_a_field = column_meaning(plain_name(parts[0])[0]) in _OF_AGENTS and not is_numbered_agent(parts[0])
        at = 1 if is_first_a_field else 0
        before = sum(len(part) + 1 for part in parts[:at])
        if not parts[at].isdecimal():
            yield name, parts[at], f"{name[:before]}{AGENT}{name[before + len(parts[at]) :]}"


def _by_numbered_words(names: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Split names such as ``agent_0_action`` or ``action_player1``."""
    for name in names:
        for found in _NUMBERED.finditer(name):
            if is_numbered_agent(found[0]) and found[0] != name:
                yield name, found[0], f"{name[: found.start()]}{AGENT}{name[found.end() :]}"
                break


def _by_shared_words(names: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """Split names such as ``scout_action`` and ``carrier_action``, where several agents act."""
    acting = [name.rsplit("_", 1)[0] for name in names if re.fullmatch(r".+_(?:action|act|actions)", name)]
    agents = sorted({agent for agent in acting if agent.lower() not in _NO_AGENTS}, key=len, reverse=True)
    if len(agents) < 2:
        return
    for name in names:
        agent = next((agent for agent in agents if name.startswith(f"{agent}_")), None)
        if agent is not None:
            yield name, agent, f"{AGENT}{name[len(agent) :]}"
