"""Teams whose roles are decided by who an agent is, by where it starts, or by nothing that is logged."""

from enum import Enum

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import N_ACTIONS, Size
from convscope.values.arrays import IntArray, sealed
from convscope.values.fields import ACTIONS, ENTITY_POSITIONS, POSITIONS
from convscope.values.log import TrajectoryLog


class DecidedBy(Enum):
    """What decides who plays the second role."""

    AGENT = "who it is"
    SITUATION = "who starts nearest to the thing"
    NOTHING = "a draw in each episode"


def convention(size: Size, rng: np.random.Generator, decided_by: DecidedBy) -> tuple[TrajectoryLog, IntArray]:
    """Let one agent of a team play a role of its own in each episode, the others another one.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws everything.
    decided_by
        What decides which agent it is.

    Returns
    -------
    log
        Its agents act and move; the one of the second role keeps to two actions of five.
    role
        Of each agent in each episode, shape (E, N).
    """
    n_episodes, n_steps, n_agents = size.shape
    start = rng.normal(size=(n_episodes, n_agents, 2))
    thing = rng.normal(size=(n_episodes, 2))
    if decided_by is DecidedBy.AGENT:
        chosen = np.zeros(n_episodes, dtype=np.int64)
    elif decided_by is DecidedBy.SITUATION:
        chosen = ((start - thing[:, np.newaxis]) ** 2).sum(axis=2).argmin(axis=1)
    else:
        chosen = rng.integers(n_agents, size=n_episodes)
    role = np.equal(chosen[:, np.newaxis], np.arange(n_agents)).astype(np.int64)
    keeps = rng.integers(2, size=size.shape)
    actions = np.where(role[:, np.newaxis] == 1, keeps, rng.integers(2, N_ACTIONS, size=size.shape))
    walk = start[:, np.newaxis] + 0.1 * np.cumsum(rng.normal(size=(*size.shape, 2)), axis=1)
    walk[:, 0] = start
    n_rows = n_episodes * n_steps
    columns = {
        ACTIONS: actions.reshape(n_rows, n_agents, 1).astype(np.float64),
        POSITIONS: walk.reshape(n_rows, n_agents, 2),
        ENTITY_POSITIONS: np.repeat(thing, n_steps, axis=0).reshape(n_rows, 1, 2),
    }
    log = log_from_arrays(columns, [n_steps] * n_episodes, [f"agent_{number}" for number in range(n_agents)])
    return log, sealed(role, (n_episodes, n_agents), "role")
