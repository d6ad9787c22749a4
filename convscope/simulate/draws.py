"""What simulated teams of discrete actions are made of, and the log and truth that come of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray, sealed
from convscope.values.fields import ACTIONS
from convscope.values.log import TrajectoryLog

N_ACTIONS = 5
"""Actions of every agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated."""

    n_agents: int = 8
    n_episodes: int = 200
    n_steps: int = 100

    @property
    def shape(self) -> tuple[int, int, int]:
        """Episodes, steps, agents."""
        return self.n_episodes, self.n_steps, self.n_agents


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """A log and its truth."""

    log: TrajectoryLog
    edges: BoolArray
    """Whether the sender influences the receiver, shape (receiver, sender)."""

    def __post_init__(self) -> None:
        n_agents = len(self.log.header.agents)
        object.__setattr__(self, "edges", sealed(self.edges, (n_agents, n_agents), "edges"))


Simulator = Callable[[Size, np.random.Generator], Situation]


def situation(
    actions: FloatArray | IntArray,
    *,
    edges: BoolArray | None = None,
    columns: dict[str, FloatArray] | None = None,
    status: ByteArray | None = None,
) -> Situation:
    """Make a log of actions, and of other columns if there are any.

    Parameters
    ----------
    actions
        Shape (episodes, steps, N), or (episodes, steps, N, K).
    edges
        Who influences whom, shape (receiver, sender); nobody when left out.
    columns
        Other fields by name, shape (episodes * steps, ...).
    status
        Shape (episodes * steps, N); everybody acts when left out.
    """
    n_episodes, n_steps, n_agents = actions.shape[:3]
    chosen = actions.reshape(n_episodes * n_steps, n_agents, -1).astype(np.float64)
    names = [f"agent_{number}" for number in range(n_agents)]
    log = log_from_arrays({ACTIONS: chosen, **(columns or {})}, [n_steps] * n_episodes, names, status=status)
    return Situation(log=log, edges=np.zeros((n_agents, n_agents), dtype=np.bool_) if edges is None else edges)


def leaders(n_agents: int, n_edges: int, rng: np.random.Generator) -> IntArray:
    """Return whom each agent follows, -1 for none: so many agents, each with a leader of its own, shape (N,)."""
    leader = np.full(n_agents, -1)
    for follower in rng.permutation(n_agents)[:n_edges].tolist():
        leader[follower] = rng.choice([other for other in range(n_agents) if other != follower])
    return leader


def edges_from(leader: IntArray) -> BoolArray:
    """Return the edges of agents that follow one other each, shape (receiver, sender).

    Parameters
    ----------
    leader
        Of each agent, -1 for none, shape (N,).
    """
    edges = np.zeros((len(leader), len(leader)), dtype=np.bool_)
    edges[np.flatnonzero(leader >= 0), leader[leader >= 0]] = True
    return edges


def drawn(size: Size, rng: np.random.Generator) -> IntArray:
    """Return actions that are drawn evenly, shape (episodes, steps, N)."""
    return rng.integers(N_ACTIONS, size=size.shape)


def held(values: IntArray, is_new: BoolArray) -> IntArray:
    """Return values that last until the next new one, along the steps of each episode."""
    steps = np.arange(values.shape[1]).reshape(1, -1, *(1 for _ in values.shape[2:]))
    latest = np.maximum.accumulate(np.where(is_new, steps, 0), axis=1)
    return np.take_along_axis(values, latest, axis=1)


def before(values: IntArray, lag: int) -> IntArray:
    """Return the values of some steps earlier; the first ones stay what they are."""
    return np.concatenate([values[:, :lag], values[:, :-lag]], axis=1)
