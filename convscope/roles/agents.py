"""Which agents can be told apart by what they do over episodes."""

from dataclasses import dataclass

import numpy as np

from convscope.randomness import generator
from convscope.roles.linkage import complete_linkage, usual_number
from convscope.roles.members import Members, members_of_run
from convscope.roles.pairs import MIN_EPISODES, compare_pairs
from convscope.roles.units import Units
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice
from convscope.values.roles import AgentClasses

MAX_MEMBERS = 64
"""Members whose pairs are all tested; of more, a random subset."""
MAX_EPISODES = 400
"""Episodes that enter the test of one pair."""
MAX_WORK = 20_000_000
"""Pairs times squared episodes; keeps a large team to seconds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AgentLevel:
    """Classes of agents of each run."""

    classes: tuple[AgentClasses, ...]
    k_agents: int | None
    """The mode over runs, the smaller on a tie; None when no run could be tested."""
    notices: tuple[Notice, ...]


def agent_classes(units: Units, config: AnalysisConfig, *, identities_persist: bool) -> AgentLevel:
    """Test every pair of agents in each run, and put agents that cannot be told apart into one class.

    Energy distance between two agents' units, null by exchange within episodes, family-wise over pairs; classes by
    complete linkage, because being told apart is not transitive. A class is a set in which no pair differs.

    Parameters
    ----------
    units
        Units of the analysed agents.
    config
        ``alpha``, ``n_permutations`` and ``seed`` are used.
    identities_persist
        False where slots are filled anew in each episode: declared roles, else slots, take the place of agents.
    """
    runs = units.in_log_order("run")
    found: list[AgentClasses] = []
    notices: list[Notice] = []
    for run in runs:
        rng = generator(config.seed, "roles", "agents", run)
        members = members_of_run(units, run, rng=rng, identities_persist=identities_persist)
        members, subset_notices = _bounded(members, rng)
        notices += [*members.notices, *subset_notices]
        if min(members.unit_of.shape) == 0 or len(members.unit_of) < MIN_EPISODES:
            notices.append(_too_few_episodes(run, len(members.unit_of)))
        else:
            found.append(_classes_of_run(units, members, config=config, rng=rng))
    return AgentLevel(
        classes=tuple(found),
        k_agents=usual_number(classes.n_classes for classes in found),
        notices=tuple(dict.fromkeys(notices)),
    )


def _classes_of_run(
    units: Units, members: Members, *, config: AnalysisConfig, rng: np.random.Generator
) -> AgentClasses:
    tests = compare_pairs(units.standard, units.axes, members.unit_of, n_draws=config.n_permutations, rng=rng)
    return AgentClasses(
        run=members.run,
        checkpoint=members.checkpoint,
        members=members.names,
        distance=tests.distance,
        p_value=tests.p_value,
        class_of=complete_linkage(tests.p_value, tests.distance, alpha=config.alpha),
        attainable_p=tests.attainable_p,
    )


def _bounded(members: Members, rng: np.random.Generator) -> tuple[Members, list[Notice]]:
    """Take a random subset of members and of episodes where testing all would take too long."""
    notices: list[Notice] = []
    n_members, n_episodes = len(members.names), len(members.unit_of)
    if n_members > MAX_MEMBERS:
        members = members.with_members(_some(n_members, MAX_MEMBERS, rng))
        text = f"{MAX_MEMBERS} of {n_members} members, drawn at random, were compared: k_agents is a lower bound"
        notices.append(Notice(code="subset", message=text, where="roles.k_agents"))
        n_members = MAX_MEMBERS
    n_pairs = max(n_members * (n_members - 1) // 2, 1)
    most = max(MIN_EPISODES, min(MAX_EPISODES, int((MAX_WORK / n_pairs) ** 0.5)))
    if n_episodes > most:
        members = members.with_episodes(_some(n_episodes, most, rng))
        text = f"{most} of {n_episodes} episodes, drawn at random, enter the comparison of agents"
        notices.append(Notice(code="subset", message=text, where="roles.k_agents"))
    return members, notices


def _some(n: int, n_kept: int, rng: np.random.Generator) -> IntArray:
    return np.sort(rng.choice(n, size=n_kept, replace=False))


def _too_few_episodes(run: str, n_episodes: int) -> Notice:
    message = f"run {run} has {n_episodes} episodes with several agents: telling agents apart needs {MIN_EPISODES}"
    return Notice(code="not-computed", message=message, where="roles.k_agents")
