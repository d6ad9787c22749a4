"""How many environments ran side by side, and how they and the agents share the second axis of a rollout."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.json_text import parsed_json
from convscope.ingest.mapping import Axis
from convscope_loaders.jaxmarl.rollout import Rollout
from convscope_loaders.jaxmarl.states import COUNTERS
from convscope_loaders.structure.lexicon import axis_of_stem, stem_of

_ROWS = 4096
"""Of the rewards, which are compared between actors."""
_OBSERVED_ROWS = 64
_MIN_DIFFERENCES = 3
"""Rows in which the rewards of two environments must differ before they count as their own: one event may be chance."""
_MIN_VALUES = 8
"""Different rewards, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """One way to tell agents and environments apart."""

    n_envs: int
    n_agents: int
    axis: Axis
    """`Axis.AGENT_ENV`, as JaxMARL folds, or `Axis.ENV_AGENT`."""
    reason: str = ""
    """What tells the number of environments; empty where nothing does."""

    def by_env(self, columns: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return columns of all actors, shape (T, A, ...), as (T, environments, agents, ...)."""
        rest = columns.shape[2:]
        if self.axis is Axis.AGENT_ENV:
            return columns.reshape(len(columns), self.n_agents, self.n_envs, *rest).swapaxes(1, 2)
        return columns.reshape(len(columns), self.n_envs, self.n_agents, *rest)


def foldings(rollout: Rollout, inventory: Inventory, file: ArrayReader, *, place: str) -> tuple[Folding, ...]:
    """Return what is possible: one folding where the file tells it, several where it does not.

    Parameters
    ----------
    rollout
        The transition.
    inventory
        Of the file.
    file
        Open file; end flags and some rows are read.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If the file contradicts itself, or holds no team.
    """
    told, n_actors = _told(rollout, inventory), rollout.n_actors
    if len(told) > 1 or any(not n or n_actors % n for n in told):
        raise LogFormatError(
            f"{place}: {' but '.join(told.values())}, and {rollout.path('action')} has {n_actors} columns; save the "
            "arrays of one rollout"
        )
    if n_actors in {*told, 1}:
        raise LogFormatError(f"{place} holds one agent in each environment; convscope looks at teams of two or more")
    counts = list(told) or [n for n in range(1, n_actors) if n_actors % n == 0]
    possible = [
        Folding(n_envs=n, n_agents=n_actors // n, axis=axis, reason=told.get(n, ""))
        for n in counts
        for axis in ((Axis.AGENT_ENV, Axis.ENV_AGENT) if n > 1 else (Axis.AGENT_ENV,))
    ]
    return _supported(possible, rollout, file, place=place)


def agent_names(rollout: Rollout) -> tuple[str, ...]:
    """Return the agents that ``info`` has arrays for, as in ``info/shaped_reward/agent_0``; empty where it has none."""
    return next(iter(arrays_by_agent(rollout).values()), ())


def arrays_by_agent(rollout: Rollout) -> Mapping[str, tuple[str, ...]]:
    """Return the groups of ``info`` that hold an array for each agent, and the names of these."""
    below: dict[str, list[str]] = {}
    for name in rollout.parts:
        group, _, leaf = name.rpartition("/")
        stem, number = stem_of(leaf)
        if group.startswith("info/") and number and axis_of_stem(stem) is Axis.AGENT:
            below.setdefault(group, []).append(leaf)
    return {group: tuple(leaves) for group, leaves in below.items()}


def settings(inventory: Inventory) -> Mapping[str, object]:
    """Return what attributes say, and the entries of those that are JSON objects, by name in lower case."""
    told: dict[str, object] = {}
    for attributes in inventory.attributes.values():
        for key, value in attributes.items():
            parsed = parsed_json(value) if isinstance(value, str) else None
            entries = parsed.items() if isinstance(parsed, dict) else ((key, value),)
            told.update({str(name).lower(): entry for name, entry in entries})
    return told


def _told(rollout: Rollout, inventory: Inventory) -> dict[int, str]:
    """Return what says so by number of environments."""
    told: dict[int, str] = {}
    declared = settings(inventory).get("num_envs")
    if isinstance(declared, int):
        told[declared] = f"num_envs says {declared} environments"
    counted = [info for path, info in rollout.states.items() if path.rsplit("/", 1)[1] in COUNTERS]
    sizes = {info.shape[1] for info in counted or rollout.states.values()}
    if len(sizes) == 1:
        told.setdefault(min(sizes), f"the states are of {min(sizes)} environments")
    names = agent_names(rollout)
    if names:
        told.setdefault(rollout.n_actors // len(names), f"info has {len(names)} agents")
    return told


def _supported(possible: list[Folding], rollout: Rollout, file: ArrayReader, *, place: str) -> tuple[Folding, ...]:
    """Leave out what the ends contradict; where shared rewards show one of the rest, it is the one."""
    rewards = np.asarray(file.read(rollout.path("reward"), 0, _ROWS))
    observed = np.asarray(file.read(rollout.path("obs"), 0, _OBSERVED_ROWS))
    if rollout.has_row_per_actor("global_done"):
        ends = np.asarray(file.read(rollout.path("global_done"))).reshape(rollout.n_steps, rollout.n_actors)
        possible = [folding for folding in possible if _is_same_for_agents(ends, folding)]
    if not possible:
        raise LogFormatError(
            f"{place}:{rollout.path('global_done')} differs between the agents of one environment however agents and "
            "environments are told apart; this is no rollout of JaxMARL"
        )
    # Ends alone show nothing: environments may end alike by chance. Rewards of many values do not agree by chance.
    is_rich = len(np.unique(rewards)) >= _MIN_VALUES
    for folding in possible:
        if is_rich and _is_shown(rewards, folding) and _agents_differ(observed, folding):
            why = folding.reason or f"rewards repeat every {folding.n_envs} columns"
            return (replace(folding, reason=why),)
    # Of the two orders the first one is JaxMARL's.
    return tuple({folding.n_envs: folding for folding in reversed(possible)}.values())[::-1]


def _is_same_for_agents(columns: npt.NDArray[Any], folding: Folding) -> bool:
    by_env = folding.by_env(columns)
    return bool((by_env == by_env[:, :, :1]).all())


def _is_shown(columns: npt.NDArray[Any], folding: Folding) -> bool:
    """Whether all agents of an environment share a column, and each environment has its own."""
    if folding.n_envs < 2 or not _is_same_for_agents(columns, folding):
        return False
    own = folding.by_env(columns)[:, :, 0]
    differences = (own != np.roll(own, 1, axis=1)).sum(axis=0)
    return bool(differences.min() >= _MIN_DIFFERENCES) and len(np.unique(own.T, axis=0)) == folding.n_envs


def _agents_differ(observed: npt.NDArray[Any], folding: Folding) -> bool:
    """Whether no two agents of an environment see the same all the time, as copies of an environment would."""
    first = folding.by_env(observed)[:, 0].swapaxes(0, 1)
    return len(np.unique(first.reshape(folding.n_agents, -1), axis=0)) == folding.n_agents
