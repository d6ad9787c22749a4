"""Logs of discrete actions whose edges are known: what a test of influence must and must not find.

An edge is there if and only if the sender's past enters the receiver's next action.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.fields import ACTIONS, ENTITY_POSITIONS
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


def independent(size: Size, rng: np.random.Generator) -> Situation:
    """Let every agent keep its last action or draw a new one."""
    return _situation(_held(_drawn(size, rng), rng.random(size.shape) < 0.5))


def hidden_memory(size: Size, rng: np.random.Generator) -> Situation:
    """Every agent follows an option of random length that the log does not show, half of the time."""
    option = _held(_drawn(size, rng), rng.random(size.shape) < 0.03)
    return _situation(np.where(rng.random(size.shape) < 0.5, option, _drawn(size, rng)))


def shared_schedule(size: Size, rng: np.random.Generator) -> Situation:
    """All agents favour the same action in each tenth of an episode; the schedule is the same in all episodes."""
    schedule = rng.integers(N_ACTIONS, size=10)[np.arange(size.n_steps) * 10 // size.n_steps]
    return _situation(np.where(rng.random(size.shape) < 0.5, schedule[None, :, None], _drawn(size, rng)))


def episode_layouts(size: Size, rng: np.random.Generator) -> Situation:
    """All agents favour the same action in an episode, another one in the next."""
    layout = rng.integers(N_ACTIONS, size=(size.n_episodes, 1, 1))
    return _situation(np.where(rng.random(size.shape) < 0.35, layout, _drawn(size, rng)))


def logged_driver(size: Size, rng: np.random.Generator) -> Situation:
    """All agents follow a thing that the log shows, half of them a step later than the others."""
    driver = _driver(size, rng)
    cue = np.where(np.arange(size.n_agents) < size.n_agents / 2, _before(driver, 1), _before(driver, 2))
    return _situation(_following(size, rng, cue, share=0.3), thing=driver)


def unlogged_driver(size: Size, rng: np.random.Generator) -> Situation:
    """All agents follow a thing that the log does not show: no test of trajectories can tell it from influence."""
    return _situation(_following(size, rng, _before(_driver(size, rng), 1), share=0.3))


def leader_follower(size: Size, rng: np.random.Generator, *, share: float = 0.06) -> Situation:
    """Let the second half of the agents copy, now and then, what an agent of the first half did last.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws the actions.
    share
        Share of steps at which a follower copies.
    """
    leader = np.arange(size.n_agents) - size.n_agents // 2
    return _copying(size, rng, np.where(leader >= 0, leader, -1), share=share)


def chain(size: Size, rng: np.random.Generator) -> Situation:
    """Every agent but the first copies the one before it: none beyond the next is influenced."""
    return _copying(size, rng, np.arange(size.n_agents) - 1, share=0.4)


def copy_channel(size: Size, rng: np.random.Generator, *, error: float) -> Situation:
    """Let the second agent repeat the first one's last action of four, and err evenly over the other three.

    Its transfer entropy is ``log 4 - h(error) - error log 3`` nats: 1.3863, 0.6662 and 0 for errors 0, 0.2 and 0.75.

    Parameters
    ----------
    size
        How much is simulated; its number of agents is taken to be 2.
    rng
        Draws the actions.
    error
        Probability of another action than the sender's.
    """
    shape = (size.n_episodes, size.n_steps, 1)
    sent = rng.integers(4, size=shape)
    moved = np.where(rng.random(shape) < error, rng.integers(1, 4, shape), 0)
    actions = np.concatenate([sent, (_before(sent, 1) + moved) % 4], axis=2)
    return _situation(actions, edges=np.array([[False, False], [error < 0.75, False]]))


EDGE_FREE: dict[str, Simulator] = {
    "independent agents": independent,
    "hidden memory": hidden_memory,
    "shared schedule": shared_schedule,
    "layouts per episode": episode_layouts,
    "common driver, logged": logged_driver,
}
"""Situations without edges in which a test of level .05 must not find more than its share."""
WITH_EDGES: dict[str, Simulator] = {"leader and followers": leader_follower, "chain": chain}
"""Situations with edges, all at a lag of one step."""


def _situation(actions: IntArray, *, edges: BoolArray | None = None, thing: IntArray | None = None) -> Situation:
    n_episodes, n_steps, n_agents = actions.shape
    columns: dict[str, FloatArray] = {ACTIONS: actions.reshape(-1, n_agents, 1).astype(np.float64)}
    if thing is not None:
        shown = np.equal(thing.reshape(-1, 1, 1), np.arange(N_ACTIONS - 1))
        columns[ENTITY_POSITIONS] = shown.astype(np.float64)
    names = [f"agent_{number}" for number in range(n_agents)]
    log = log_from_arrays(columns, [n_steps] * n_episodes, names)
    return Situation(log=log, edges=np.zeros((n_agents, n_agents), dtype=np.bool_) if edges is None else edges)


def _copying(size: Size, rng: np.random.Generator, leader: IntArray, *, share: float) -> Situation:
    """Every agent keeps its action, draws a new one, or copies its leader; leaders come before followers."""
    actions = _held(_drawn(size, rng), rng.random(size.shape) < 0.6)
    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    for follower in np.flatnonzero(leader >= 0).tolist():
        is_copying = rng.random(size.shape[:2]) < share
        is_new = is_copying | (rng.random(size.shape[:2]) < 0.6)
        drawn = rng.integers(N_ACTIONS, size=size.shape[:2])
        values = np.where(is_copying, _before(actions[:, :, leader[follower]], 1), drawn)
        actions[:, :, follower] = _held(values[:, :, None], is_new[:, :, None])[:, :, 0]
        edges[follower, leader[follower]] = True
    return _situation(actions, edges=edges)


def _following(size: Size, rng: np.random.Generator, cue: IntArray, *, share: float) -> IntArray:
    is_following = rng.random(size.shape) < share
    return _held(np.where(is_following, cue, _drawn(size, rng)), is_following | (rng.random(size.shape) < 0.7))


def _driver(size: Size, rng: np.random.Generator) -> IntArray:
    shape = (size.n_episodes, size.n_steps, 1)
    return _held(rng.integers(N_ACTIONS, size=shape), rng.random(shape) < 0.4)


def _drawn(size: Size, rng: np.random.Generator) -> IntArray:
    return rng.integers(N_ACTIONS, size=size.shape)


def _held(values: IntArray, is_new: BoolArray) -> IntArray:
    """Return values that last until the next new one, along the steps of each episode."""
    steps = np.arange(values.shape[1])[None, :, None]
    latest = np.maximum.accumulate(np.where(is_new, steps, 0), axis=1)
    return np.take_along_axis(values, latest, axis=1)


def _before(values: IntArray, lag: int) -> IntArray:
    """Return the values of some steps earlier; the first ones stay what they are."""
    return np.concatenate([values[:, :lag], values[:, :-lag]], axis=1)
