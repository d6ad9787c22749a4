"""Which decisions the policy reading rests on."""

from collections.abc import Sequence

import numpy as np

from convscope.behaviour.groups import episode_groups
from convscope.behaviour.order import by_name
from convscope.behaviour.sample import SampleFold
from convscope.ingest.layout_file import observation_width
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


def policy_fold(log: TrajectoryLog, *, agents: Sequence[str], config: AnalysisConfig) -> SampleFold:
    """Return the fold that samples what the agents of the analysed runs saw and did; nothing where `lacking`.

    Parameters
    ----------
    log
        The log that is read.
    agents
        Names of the analysed agents.
    config
        ``checkpoint`` and ``seed`` are used.
    """
    is_afforded = lacking(log.header, agents) is None
    analysed = tuple(group for group in episode_groups(log, config) if group.is_analysed and is_afforded)
    n_steps = max(MOST_DECISIONS // max(len(analysed) * len(agents), 1), FEWEST_STEPS)
    return SampleFold(
        groups=analysed,
        n_steps=np.full(len(analysed), n_steps, dtype=np.int64),
        n_episodes=log.episodes.n_episodes,
        n_axes=0,
        seed=config.seed,
        order=by_name(log.header),
    )
