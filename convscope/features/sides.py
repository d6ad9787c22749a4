"""Who is whose ally: the teams that a log names, else the agents that were chosen against the rest."""

from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.header import LogHeader, Notice


def with_sides(header: LogHeader, config: AnalysisConfig) -> tuple[LogHeader, tuple[Notice, ...]]:
    """Return the header with a team for every agent, and what was assumed.

    Where the log names no teams and a pattern chooses some of the agents, the chosen ones are one side and the others
    their opponents, as in a game of tag without team labels. Without a pattern all are one team.
    """
    chosen = [fnmatchcase(agent.name, config.agents or "*") for agent in header.agents]
    if any(agent.team is not None for agent in header.agents) or all(chosen):
        return header, ()
    named = tuple(
        replace(agent, team="chosen" if is_chosen else "others")
        for agent, is_chosen in zip(header.agents, chosen, strict=True)
    )
    message = "the log names no teams: the chosen agents count as allies, all other agents as their opponents"
    return replace(header, agents=named), (Notice(code="assumed-teams", message=message, where="features.relations"),)


def side_numbers(header: LogHeader) -> IntArray:
    """Give each team a number, from 0 by first appearance, shape (N,); agents without a team form one."""
    numbers: dict[str | None, int] = {}
    return np.array([numbers.setdefault(agent.team, len(numbers)) for agent in header.agents], dtype=np.int64)
