"""Gathers the messages, actions and policies of the episodes that are measured."""

from dataclasses import dataclass

import numpy as np

from convscope.behaviour.groups import Group, episode_groups
from convscope.routing.residual.reading import full_policies, policy_fields
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, MESSAGES
from convscope.values.header import ActionKind
from convscope.values.log import Block, TrajectoryLog

MOST_EPISODES = 256
"""Of each run; every episode's messages are held against every other's actions."""
_MOST_ROWS = 50_000
_MOST_NUMBERS = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """One episode."""

    episode: int
    messages: FloatArray
    """NaN where an agent does not act, shape (T, N, M)."""
    actions: FloatArray
    """The same, shape (T, N, K)."""
    policies: FloatArray | None
    """Probabilities of all actions, NaN where they are not known, shape (T, N, A); None where none are logged."""


class MessageFold:
    """Keeps the episodes of the analysed runs that are measured: all, or as many as fit, evenly over each run.

    Parameters
    ----------
    log
        The log that is read.
    config
        Says which checkpoints are analysed.
    """

    def __init__(self, log: TrajectoryLog, config: AnalysisConfig) -> None:
        has_messages = log.has(MESSAGES) and log.has(ACTIONS)
        self.fields = _read(log) if has_messages else frozenset[str]()
        groups = [group for group in episode_groups(log, config) if group.is_analysed] if has_messages else []
        self._kept = frozenset(
            episode for group in groups for episode in measured(log, group, n_runs=len(groups)).tolist()
        )
        self._has_policies = bool(_policies(log))

    def start(self) -> list[Heard]:
        """Return no episodes."""
        return []

    def add(self, state: list[Heard], block: Block) -> list[Heard]:
        """Append those of the block."""
        taken = [place for place, episode in enumerate(block.episodes.tolist()) if episode in self._kept]
        if not taken:
            return state
        acting = block.is_acting
        messages, actions = (_while(acting, block.columns[name]) for name in (MESSAGES, ACTIONS))
        policies: FloatArray | None = None
        if self._has_policies:
            shares, _, is_known = full_policies(block)
            policies = _while(is_known, shares)
        found = [slice(block.offsets[place], block.offsets[place + 1]) for place in taken]
        return state + [
            Heard(
                episode=int(block.episodes[place]),
                messages=messages[rows],
                actions=actions[rows],
                policies=None if policies is None else policies[rows],
            )
            for place, rows in zip(taken, found, strict=True)
        ]

    def merge(self, first: list[Heard], second: list[Heard]) -> list[Heard]:
        """Put the later episodes behind the earlier ones."""
        return first + second

    def finish(self, state: list[Heard]) -> list[Heard]:
        """Return the episodes, in log order."""
        return state


def measured(log: TrajectoryLog, group: Group, *, n_runs: int) -> IntArray:
    """Return the episodes of a run that are measured, as rows of the episode table."""
    longest = int(log.episodes.length[group.episodes].max())
    width = sum(spec.row_bytes(len(log.header.agents)) // 8 for spec in log.header.fields if spec.name in _read(log))
    n_most = min(MOST_EPISODES, _MOST_ROWS // longest, _MOST_NUMBERS // (longest * width * n_runs))
    n_all = len(group.episodes)
    if n_all <= n_most:
        return group.episodes
    return group.episodes[np.linspace(0, n_all - 1, n_most).astype(np.int64)]


def _read(log: TrajectoryLog) -> frozenset[str]:
    return frozenset({MESSAGES, ACTIONS}) | _policies(log)


def _policies(log: TrajectoryLog) -> frozenset[str]:
    is_discrete = all(agent.action_space.kind is ActionKind.DISCRETE for agent in log.header.agents)
    return policy_fields(log.header) if is_discrete else frozenset()


def _while(is_there: BoolArray, values: FloatArray) -> FloatArray:
    columns = values.reshape(*is_there.shape, -1)
    return np.where(is_there[..., None], columns, np.nan)
