"""Which decisions the policy reading rests on."""

from collections.abc import Sequence

import numpy as np

from convscope.behaviour.groups import episode_groups
from convscope.behaviour.sample import SampleFold
from convscope.ingest.layout_file import observation_width
from convscope.ingest.names import numbered_key
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, OBSERVATIONS
from convscope.values.header import LogHeader
from convscope.values.log import TrajectoryLog

MOST_DECISIONS = 20_000
"""Of all analysed runs together."""
FEWEST_STEPS = 400
"""Of each run, however many there are."""
_MOST_COLUMNS = 512
_MOST_CHOICES = 64


def lacking(header: LogHeader, agents: Sequence[str]) -> str | None:
    """Return why a log does not afford the policy reading, or None.

    Parameters
    ----------
    header
        Of the log.
    agents
        Names of the analysed agents.
    """
    if len(agents) < 2:
        return "one agent alone cannot be told from another"
    if not {OBSERVATIONS, ACTIONS} <= {spec.name for spec in header.fields}:
        return "the log holds no observations, or no actions: what an agent does given what it sees cannot be asked"
    width = max(observation_width(header, agent.name) for agent in header.agents)
    if width > _MOST_COLUMNS:
        return f"observations have {width} columns, more than {_MOST_COLUMNS}"
    n_choices = max(max(agent.action_space.n, default=0) for agent in header.agents)
    return f"agents have {n_choices} choices, more than {_MOST_CHOICES}" if n_choices > _MOST_CHOICES else None


def policy_folds(log: TrajectoryLog, *, agents: Sequence[str], config: AnalysisConfig) -> list[SampleFold]:
    """Return the fold that samples what the agents of the analysed runs saw and did; none where `lacking`.

    Parameters
    ----------
    log
        The log that is read.
    agents
        Names of the analysed agents.
    config
        ``checkpoint`` and ``seed`` are used.
    """
    if lacking(log.header, agents) is not None:
        return []
    analysed = tuple(group for group in episode_groups(log, config) if group.is_analysed)
    n_steps = max(MOST_DECISIONS // (len(analysed) * len(agents)), FEWEST_STEPS)
    fold = SampleFold(
        groups=analysed,
        n_steps=np.full(len(analysed), n_steps, dtype=np.int64),
        n_episodes=log.episodes.n_episodes,
        n_axes=0,
        seed=config.seed,
        order=by_name(log.header),
    )
    return [fold]


def by_name(header: LogHeader) -> IntArray:
    """Return the places of the agents in the order of their names, so that the log's order changes nothing."""
    names = [agent.name for agent in header.agents]
    return np.array(sorted(range(len(names)), key=lambda place: numbered_key(names[place])), dtype=np.int64)
