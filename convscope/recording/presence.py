"""Who took part in which row of an episode that was recorded step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.recording.runs import AgentRuns, Run
from convscope.values.arrays import BoolArray, ByteArray
from convscope.values.fields import ACTIONS, OBSERVATIONS
from convscope.values.status import Status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Presence:
    """The agents of an episode, and what they do."""

    agents: tuple[str, ...]
    status: ByteArray
    """Shape (rows, N)."""


def presence_of(
    agents: Sequence[str],
    columns: Sequence[AgentRuns],
    *,
    joined: Mapping[str, int],
    left: Mapping[str, int],
    n_rows: int,
) -> Presence:
    """Return who took part.

    Parameters
    ----------
    agents
        The first ones of the agent axis; others follow as they came.
    columns
        What agents have.
    joined, left
        Rows in which agents came, and from which on they were out.
    n_rows
        Rows of the episode.

    Returns
    -------
    Presence
        An agent with an action acts. Otherwise it waits from the first row on in which it joined or anything of it was
        kept. Once it left it is dead, but for the row in which it observes something for the last time; unless it acts
        again, and had only paused.
    """
    runs_of = {column.field: column.runs for column in columns}
    first: dict[str, int] = dict(joined)
    for run in (run for column in columns for run in column.runs):
        for agent in run.agents:
            first[agent] = min(first.get(agent, run.first), run.first)
    names = tuple(dict.fromkeys((*agents, *first)))
    status = np.zeros((n_rows, len(names)), np.uint8)
    is_seeing = _is_given(runs_of.get(OBSERVATIONS, ()), names, n_rows)
    for slot, agent in enumerate(names):
        status[first.get(agent, n_rows) :, slot] = Status.WAITING
        row = left.get(agent, n_rows)
        status[row + (row < n_rows and bool(is_seeing[row, slot])) :, slot] = Status.DEAD
    status[_is_given(runs_of.get(ACTIONS, ()), names, n_rows)] = Status.ACTING
    if left:
        is_dead = status == Status.DEAD
        comes_back = np.logical_or.accumulate(~is_dead[::-1], axis=0)[::-1]
        status[is_dead & comes_back] = Status.WAITING
    return Presence(agents=names, status=status)


def _is_given(runs: Sequence[Run], names: tuple[str, ...], n_rows: int) -> BoolArray:
    is_given = np.zeros((n_rows, len(names)), np.bool_)
    for run in runs:
        is_given[run.first : run.stop, [names.index(agent) for agent in run.agents]] = True
    return is_given
