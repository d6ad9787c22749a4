"""Measures of communication on their own, without the rest of an analysis."""

from collections.abc import Sequence

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.selection import select_agents
from convscope.routing.messages.measures import message_measures
from convscope.routing.messages.reading import MessageFold
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog
from convscope.values.messages import MessageMeasures


def find_messages(
    log: TrajectoryLog, config: AnalysisConfig | None = None, *, agents: Sequence[str] | None = None
) -> MessageMeasures:
    """Return what messages tell and who listens: the pass over the log, and `message_measures`.

    Parameters
    ----------
    log
        The log.
    config
        None takes the defaults.
    agents
        Names of the analysed agents; None takes those that the configuration selects.
    """
    config = config or AnalysisConfig()
    names = select_agents(log, config) if agents is None else agents
    with open_executor(1) as executor:
        (heard,) = run_folds(log, [MessageFold(log, config)], executor=executor, max_bytes=config.max_block_bytes)
    return message_measures(log, heard, config=config, agents=names)
