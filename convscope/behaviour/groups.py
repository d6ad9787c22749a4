"""Runs and checkpoints: the parts of a log in which one policy acts, so that episodes can be pooled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """The episodes of one run and checkpoint."""

    run: int
    """Index into ``EpisodeTable.runs``."""
    run_name: str
    checkpoint: str | None
    is_analysed: bool
    """Whether the results describe it; the others are in the tables only."""
    episodes: IntArray
    """Rows of the episode table."""


def episode_groups(log: TrajectoryLog, config: AnalysisConfig) -> tuple[Group, ...]:
    """Return the groups of a log, by run and then in training order.

    Parameters
    ----------
    log
        At least one episode.
    config
        Its ``checkpoint`` says which groups are analysed.
    """
    table = log.episodes
    keys = np.column_stack([table.run, table.checkpoint])
    is_analysed = table.is_analysed(config.checkpoint)
    groups: list[Group] = []
    for key in np.unique(keys, axis=0):
        episodes = np.flatnonzero((keys == key).all(axis=1))
        first = int(episodes[0])
        group = Group(
            run=int(key[0]),
            run_name=table.run_name(first),
            checkpoint=table.checkpoint_label(first),
            is_analysed=bool(is_analysed[first]),
            episodes=episodes,
        )
        groups.append(group)
    return tuple(groups)


def group_of_each(groups: Sequence[Group], n_episodes: int) -> IntArray:
    """Return the number of the group that each episode is in, -1 for none, shape (E,)."""
    group_of = np.full(n_episodes, -1)
    for number, group in enumerate(groups):
        group_of[group.episodes] = number
    return group_of


def agent_places(log: TrajectoryLog, agents: Sequence[str]) -> IntArray:
    """Return the places of some agents in the log's agent axis, in the order of the names."""
    place_of = {agent.name: place for place, agent in enumerate(log.header.agents)}
    return np.array([place_of[name] for name in agents], dtype=np.int64)
