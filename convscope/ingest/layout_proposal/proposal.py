"""Which columns of the observations describe which agent, as far as a log tells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from convscope.errors import LogFormatError
from convscope.ingest.layout_file import observation_width
from convscope.ingest.layout_proposal.fits import MIN_EPISODES, MIN_ROWS
from convscope.ingest.layout_proposal.sample import read_sample
from convscope.ingest.layout_proposal.tables import ProposedTable, Receivers, proposed_tables
from convscope.ingest.layout_proposal.verdicts import About, Verdict, column_verdicts
from convscope.values.fields import OBSERVATIONS
from convscope.values.inert import inert
from convscope.values.log import TrajectoryLog

_MOST_ROWS = 1500
# Products of rows, pairs of agents and pairs of columns: some seconds' worth.
_MOST_PRODUCTS = 500_000_000
_LEAST_ROWS = 3 * MIN_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutProposal:
    """A layout to check and to edit."""

    tables: tuple[ProposedTable, ...]
    n_rows: int
    """Rows that were looked at."""
    n_episodes: int
    """Episodes that they are from."""
    untested: str = ""
    """Why nothing was looked at; empty where it was."""


def propose_layout(log: TrajectoryLog) -> LayoutProposal | None:
    """Return the layout that the numbers of a log suggest; None where it holds no observations.

    Parameters
    ----------
    log
        Some of its rows are read, spread over it.
    """
    if not log.has(OBSERVATIONS):
        return None
    agents = tuple(agent.name for agent in log.header.agents)
    receivers = tuple(_receivers(log))
    products = len(agents) ** 2 * max(each.width for each in receivers) ** 2
    n_rows = min(_MOST_ROWS, _MOST_PRODUCTS // max(products, 1))
    why = _untested(log, n_rows)
    if why:
        return _nothing(receivers, agents, why)
    try:
        sample = read_sample(log, n_rows)
    except LogFormatError as error:
        return _nothing(receivers, agents, f"its rows cannot be read: {inert(str(error), limit=300)}")
    # More threads would change the last digits with the machine, and cost more than they gain on matrices so small.
    with threadpool_limits(1):
        verdicts = column_verdicts(sample, [agent.group for agent in log.header.agents])
    return LayoutProposal(
        tables=proposed_tables(receivers, verdicts, agents),
        n_rows=len(sample.episode),
        n_episodes=sample.n_episodes,
    )


def _nothing(receivers: Sequence[Receivers], agents: Sequence[str], why: str) -> LayoutProposal:
    unknown = [Verdict(about=About.UNKNOWN)] * max(each.width for each in receivers)
    tables = proposed_tables(receivers, [unknown] * len(agents), agents)
    return LayoutProposal(tables=tables, n_rows=0, n_episodes=0, untested=why)


def _receivers(log: TrajectoryLog) -> Iterator[Receivers]:
    places: dict[tuple[str, int], list[int]] = {}
    for place, agent in enumerate(log.header.agents):
        places.setdefault((agent.group, observation_width(log.header, agent.name)), []).append(place)
    for (group, width), members in places.items():
        name = log.header.agents[members[0]].name if len(members) == 1 else group
        yield Receivers(name=name, members=tuple(members), width=width)


def _untested(log: TrajectoryLog, n_rows: int) -> str:
    if len(log.header.agents) < 2:
        return "the log has one agent only"
    if log.episodes.n_episodes < MIN_EPISODES:
        return f"fewer than {MIN_EPISODES} episodes, in which many things look alike by chance"
    if n_rows < _LEAST_ROWS:
        return "so many agents and columns would take too long to compare"
    return ""
