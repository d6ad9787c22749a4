"""Agents of a wide table whose names are words of their own, as in ``scout_action`` or ``action_leader``."""

import re
from collections.abc import Iterable, Mapping, Sequence

from convscope_loaders.structure.lexicon import Meaning, is_numbered_agent
from convscope_loaders.table.columns import AGENT, VECTORS, name_meaning

DEEDS = frozenset({Meaning.ACTION, Meaning.ACTION_ONE_HOT})
OF_AGENTS = VECTORS | {
    Meaning.REWARD,
    Meaning.DONE,
    Meaning.TERMINATED,
    Meaning.TRUNCATED,
    Meaning.ALIVE,
    Meaning.ROLE,
}
"""What columns of single agents are about."""

_NO_AGENTS_TEXT = "prev previous last next new old raw joint env avail available legal executed sampled chosen num n"
_NO_AGENTS = frozenset(_NO_AGENTS_TEXT.split())
"""Words beside ``action`` that name no agent."""
_PARTS_TEXT = "mean std min max sum avg norm entropy prob probs logprob space dim type id idx index name label taken"
_PARTS = _NO_AGENTS | frozenset(_PARTS_TEXT.split())
"""Words behind ``action`` that name none."""
_BEFORE = re.compile(r"(.+)[_ ](?:action|actions|act)", re.I)
_BEHIND = re.compile(r"(?:action|actions|act)[_ ](.+)", re.I)
_WORDS = re.compile(r"[_ /.]")


def agents_by_words(names: Sequence[str]) -> Mapping[str, str]:
    """Return what could be agents in the names of columns with actions, and for each the first name."""
    found: dict[str, str] = {}
    for name in names:
        before, behind = _BEFORE.fullmatch(name), _BEHIND.fullmatch(name)
        told = before or behind
        if told is not None and name_meaning(name) is None and _is_agent(told[1], _NO_AGENTS if before else _PARTS):
            found.setdefault(told[1], name)
    return found


def action_like(names: Sequence[str]) -> Sequence[str]:
    """Return the names that speak of an action and are not called after it alone: ``move_action``, ``action_grip``."""
    return [
        name
        for name in names
        if (told := _BEFORE.fullmatch(name) or _BEHIND.fullmatch(name)) is not None
        and not set(_WORDS.split(told[1].lower())) & _PARTS
    ]


def is_alone(agent: str, name: str, template_of: Mapping[str, str]) -> bool:
    """Whether all that an agent shares with the others is that it has an action.

    Parameters
    ----------
    agent, name
        As `agents_by_words` returns them.
    template_of
        Columns of all agents, as in `convscope_loaders.table.agents.AgentColumns`.
    """
    own = {template for own, template in template_of.items() if template.replace(AGENT, agent) == own}
    others = {template for own, template in template_of.items() if template.replace(AGENT, agent) != own}
    telling = {template for template in others if name_meaning(template.replace(AGENT, " ")) in OF_AGENTS - DEEDS}
    # A word behind an action may be anything, where nothing else comes with it.
    return not own & telling and (bool(telling) or _BEHIND.fullmatch(name) is not None)


def _is_agent(words: str, no_agents: Iterable[str]) -> bool:
    parts = _WORDS.split(words.lower())
    # What follows an agent with a number is what the column holds of it: agent_0_move_action.
    begins = ("_".join(parts[:n]) for n in range(1, len(parts)))
    return not {parts[0], parts[-1]} & set(no_agents) and not any(map(is_numbered_agent, begins))
