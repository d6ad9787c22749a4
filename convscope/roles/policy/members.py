"""Whose policies are compared: agents, or declared roles or slots where each episode fills the slots anew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.model import N_FOLDS
from convscope.behaviour.order import by_name
from convscope.behaviour.sample import Steps
from convscope.ingest.layout_file import observation_width
from convscope.ingest.names import in_numbered_order
from convscope.roles.policy.decisions import Seen, seen_of
from convscope.values.arrays import IntArray
from convscope.values.header import ActionSpace
from convscope.values.log import TrajectoryLog

FEWEST_DECISIONS = 100
"""Sampled decisions of a member under which its policy is not modelled."""
MOST_MEMBERS = 16
"""Members of one kind that are compared; of more, the first so many drawn at random."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """The members of one run."""

    names: tuple[str, ...]
    """In the order of their names; also those that could not be modelled."""
    kinds: tuple[Seen, ...]
    """What the members of each kind of space saw and did, those with enough decisions alone."""


def compared(log: TrajectoryLog, steps: Steps, agents: Sequence[str], *, rng: np.random.Generator) -> Compared:
    """Return the members of a run and their decisions, by kinds of observation and action space.

    Parameters
    ----------
    log
        The log.
    steps
        Sampled of one run and checkpoint.
    agents
        Names of the analysed agents.
    rng
        Draws the members that are compared where there are too many.
    """
    names, code = _codes(log, steps, agents)
    kinds: list[Seen] = []
    for (_, width, space), places in _kinds(log, agents).items():
        enough = [number for number in range(len(names)) if _is_enough(steps, code, number, places=places)]
        if len(enough) > MOST_MEMBERS:
            enough = np.sort(rng.choice(enough, MOST_MEMBERS, replace=False)).tolist()
        if len(enough) < 2:
            continue
        renumbered = np.full(len(names) + 1, -1)
        renumbered[enough] = np.arange(len(enough))
        seen = seen_of(
            steps,
            renumbered[code],
            members=[names[number] for number in enough],
            places=places,
            width=width,
            space=space,
        )
        kinds.append(seen)
    return Compared(names=names, kinds=tuple(kinds))


def _codes(log: TrajectoryLog, steps: Steps, agents: Sequence[str]) -> tuple[tuple[str, ...], IntArray]:
    """Return the members' names, and which one each place of the agent axis holds at each step, -1 for none."""
    is_mine = np.array([agent.name in agents for agent in log.header.agents])
    declared = log.episodes.declared_roles[steps.episode]
    if log.header.identities_persist or len(np.unique(declared[:, is_mine])) < 2:
        names = in_numbered_order(agents)
        code_of = {name: code for code, name in enumerate(names)}
        codes = [code_of.get(agent.name, -1) for agent in log.header.agents]
        return names, np.tile(np.array(codes, dtype=np.int64), (len(steps.episode), 1))
    names = in_numbered_order(log.header.roles)
    place = np.array([*(names.index(role) for role in log.header.roles), -1], dtype=np.int64)
    return names, np.where(is_mine, place[declared], -1)


def _kinds(log: TrajectoryLog, agents: Sequence[str]) -> dict[tuple[str, int, ActionSpace], list[int]]:
    """Return the places of the agents that share their spaces, in the order of their names."""
    kinds: dict[tuple[str, int, ActionSpace], list[int]] = {}
    for place in by_name(log.header).tolist():
        agent = log.header.agents[place]
        if agent.name in agents:
            key = agent.group, observation_width(log.header, agent.name), agent.action_space
            kinds.setdefault(key, []).append(place)
    return kinds


def _is_enough(steps: Steps, code: IntArray, number: int, *, places: Sequence[int]) -> bool:
    mine = np.equal(code[:, places], number) & steps.is_free[:, places]
    unit = np.unique(steps.digest, return_inverse=True)[1]
    folds = np.unique(unit[mine.any(axis=1)] % N_FOLDS)
    return int(mine.sum()) >= FEWEST_DECISIONS and len(folds) == N_FOLDS
