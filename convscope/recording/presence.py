"""Who took part in which row of an episode that was recorded step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.recording.episode import RecordedColumn
from convscope.values.arrays import ByteArray
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
    columns: Mapping[str, RecordedColumn],
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
        Of agents, by field, with the rows in which each has something.
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
    given = {field: column.is_given or {} for field, column in columns.items()}
    first = dict(joined)
    for is_given in given.values():
        for agent, rows in is_given.items():
            first[agent] = min(first.get(agent, n_rows), int(np.argmax(rows)))
    names = tuple(dict.fromkeys((*agents, *first)))
    never = np.zeros(n_rows, np.bool_)
    status = np.zeros((n_rows, len(names)), np.uint8)
    for slot, agent in enumerate(names):
        of_agent = status[:, slot]
        of_agent[first.get(agent, n_rows) :] = Status.WAITING
        row = left.get(agent, n_rows)
        sees_on = row < n_rows and given.get(OBSERVATIONS, {}).get(agent, never)[row]
        of_agent[row + bool(sees_on) :] = Status.DEAD
        acts = given.get(ACTIONS, {}).get(agent, never)
        of_agent[acts] = Status.ACTING
        last = n_rows - int(np.argmax(acts[::-1])) if acts.any() else 0
        of_agent[:last][of_agent[:last] == Status.DEAD] = Status.WAITING
    return Presence(agents=names, status=status)
