"""Which agents have the same actions, or the same observation columns, so that these can be compared."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.header import ActionKind, ActionSpace, LogHeader

Kind = TypeVar("Kind", bound=Hashable)


def shared_space(header: LogHeader, *kinds: ActionKind) -> tuple[ActionSpace, BoolArray] | None:
    """Return the action space of these kinds that most agents share, and which agents have it, shape (N,).

    An action's number says the same of two agents only if they have the same space. None when no two agents share
    one, and there is more than one agent.
    """
    spaces = [
        a.action_space if a.action_space.kind in kinds and a.action_space.width > 0 else None for a in header.agents
    ]
    return _most_shared(spaces)


def shared_width(header: LogHeader, field: str) -> BoolArray | None:
    """Return which agents have the number of columns of a field that most agents have, shape (N,).

    None when no two agents have the same number, and there is more than one agent.
    """
    widths = header.field(field).widths or (1,) * len(header.agents)
    shared = _most_shared([(width, agent.group) for width, agent in zip(widths, header.agents, strict=True)])
    return None if shared is None else shared[1]


def where_shared(values: FloatArray, header: LogHeader, field: str, *, n_episodes: int) -> FloatArray:
    """Return what was computed of a field, NaN for agents that have not as many columns of it as most agents.

    Parameters
    ----------
    values
        A row for each episode and agent, shape (E N, ...).
    header
        Of the log.
    field
        That they were computed of.
    n_episodes
        E.
    """
    is_shared = shared_width(header, field)
    keeps = np.zeros(len(header.agents), np.bool_) if is_shared is None else is_shared
    return np.where(np.tile(keeps, n_episodes)[:, np.newaxis], values, np.nan)


def _most_shared(kinds: Sequence[Kind | None]) -> tuple[Kind, BoolArray] | None:
    counts = Counter(kind for kind in kinds if kind is not None)
    if not counts:
        return None
    # Of kinds that equally many agents have, the last by name: the order of the agents must not decide.
    kind, n_agents = max(counts.items(), key=lambda item: (item[1], repr(item[0])))
    if n_agents < 2 <= len(kinds):
        return None
    return kind, np.array([other == kind for other in kinds])
