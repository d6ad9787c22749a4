"""Which decisions the policy reading rests on."""

from collections.abc import Sequence

import numpy as np

from convscope.behaviour.groups import Group, episode_groups
from convscope.behaviour.order import by_name
from convscope.behaviour.sample import SampleFold
from convscope.ingest.layout_file import observation_width
from convscope.ingest.names import in_numbered_order
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, OBSERVATIONS
from convscope.values.header import LogHeader
from convscope.values.log import TrajectoryLog

MOST_DECISIONS = 20_000
"""Of all analysed runs together."""
FEWEST_STEPS = 400
"""Of each run that is read."""
MOST_NUMBERS = 40_000_000
"""Of all decisions that are held; of more, fewer runs are read, in the end fewer steps of one run."""
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


def read_groups(log: TrajectoryLog, config: AnalysisConfig) -> tuple[Group, ...]:
    """Return the analysed runs that are read: of more than `MOST_NUMBERS` allows, evenly spaced ones by name.

    Parameters
    ----------
    log
        The log that is read.
    config
        ``checkpoint`` is used.
    """
    analysed = [group for group in episode_groups(log, config) if group.is_analysed]
    most = max(MOST_NUMBERS // (FEWEST_STEPS * _step_numbers(log.header)), 1)
    if len(analysed) <= most:
        return tuple(analysed)
    names = in_numbered_order([group.run_name for group in analysed])
    kept = {names[place] for place in np.linspace(0, len(names) - 1, most).astype(np.int64).tolist()}
    return tuple(group for group in analysed if group.run_name in kept)


def _step_numbers(header: LogHeader) -> int:
    """Return the numbers that one joint step takes: all agents' observations, and their actions twice."""
    width = max((observation_width(header, agent.name) for agent in header.agents), default=0)
    n_components = max((max(len(agent.action_space.n), 1) for agent in header.agents), default=1)
    return max(len(header.agents) * (width + 2 * n_components), 1)


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
    read = read_groups(log, config) if is_afforded else ()
    n_steps = max(MOST_DECISIONS // max(len(read) * len(agents), 1), FEWEST_STEPS)
    n_steps = min(n_steps, max(MOST_NUMBERS // _step_numbers(log.header), 1))
    return SampleFold(
        groups=read,
        n_steps=np.full(len(read), n_steps, dtype=np.int64),
        n_episodes=log.episodes.n_episodes,
        n_axes=0,
        seed=config.seed,
        order=by_name(log.header),
    )
