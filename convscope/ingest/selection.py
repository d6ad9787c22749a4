"""Which agents and which checkpoint of a log an analysis describes."""

from fnmatch import fnmatchcase

from convscope.errors import UsageError
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog


def select_agents(log: TrajectoryLog, config: AnalysisConfig) -> tuple[str, ...]:
    """Return the names of the agents to analyse, in log order; the others stay in the log as company.

    Raises
    ------
    UsageError
        If no agent is left, or the chosen checkpoint is not in the log. The message names what there is.
    """
    _check_checkpoint(log, config.checkpoint)
    teams = sorted({agent.team for agent in log.header.agents if agent.team is not None})
    if config.team is not None and config.team not in teams:
        held = f"its teams are {', '.join(teams)}" if teams else "it names no teams: choose with --agents PATTERN"
        raise UsageError(f"no team {config.team!r} in this log; {held}")
    names = tuple(
        agent.name
        for agent in log.header.agents
        if config.team in (None, agent.team) and fnmatchcase(agent.name, config.agents or "*")
    )
    if not names:
        held = ", ".join(agent.name for agent in log.header.agents)
        raise UsageError(f"no agent fits the pattern {config.agents!r}; the agents are {held}")
    return names


def _check_checkpoint(log: TrajectoryLog, checkpoint: str | None) -> None:
    if checkpoint is None or checkpoint in log.episodes.checkpoints:
        return
    held = ", ".join(log.episodes.checkpoints) or "none"
    raise UsageError(f"no checkpoint {checkpoint!r} in this log; its checkpoints are: {held}")
