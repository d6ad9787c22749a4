"""Teams whose roles within episodes are known: scripted roles, kept or changed, and what looks like a change."""

from dataclasses import dataclass

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, ENTITY_POSITIONS, POSITIONS
from convscope.values.log import TrajectoryLog

MOVES = np.array([[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
STEP = 0.1
KEEPS = 0.9
"""Correlation of hidden moods from step to step."""
NEAR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What moves agents beside their roles; none of it is a role, and most of it is hidden from the log."""

    carefree: float = 0.1
    """Share of steps in which an agent takes an even random action."""
    hurry: float = 0.0
    """How much more often all agents stand still at the start than at the end: a drift that is common to all."""
    mood: float = 0.0
    """Weight of a mood of each agent that draws it aside and lasts (AR(1), `KEEPS`)."""
    wind: float = 0.0
    """Weight of a wind that drives all agents the same way, lasts as a mood does, and is not in the log."""
    bouts: float = 0.0
    """Chance, each step, of a bout of random actions whose length has no finite variance (Pareto, 1.5)."""
    phases: int = 1
    """Number of clocks, one of which is drawn for each agent and episode, by which it walks up and down."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scripted:
    """A log and the role of each agent in each step."""

    log: TrajectoryLog
    role: IntArray
    """Shape (E, T, N)."""


def kept(n_episodes: int, n_steps: int, roles: tuple[int, ...]) -> IntArray:
    """Return roles that agents keep, shape (E, T, N)."""
    return np.broadcast_to(np.array(roles), (n_episodes, n_steps, len(roles))).copy()


def swapped(role: IntArray, pair: tuple[int, int], rng: np.random.Generator) -> IntArray:
    """Let two agents exchange their roles at one random step, from 30 to 70 % of it, of every second episode."""
    n_episodes, n_steps, _ = role.shape
    changed = role.copy()
    for episode in range(1, n_episodes, 2):
        at = int(rng.integers(int(0.3 * n_steps), int(0.7 * n_steps)))
        changed[episode, at:, list(pair)] = role[episode, at:, list(pair[::-1])]
    return changed


def chained(transition: FloatArray, shape: tuple[int, int, int], rng: np.random.Generator) -> IntArray:
    """Draw roles from a Markov chain, beginning in an even draw, shape (E, T, N)."""
    n_episodes, n_steps, n_agents = shape
    role = np.empty(shape, dtype=np.int64)
    role[:, 0] = rng.integers(len(transition), size=(n_episodes, n_agents))
    edges = np.cumsum(transition, axis=1)[:, :-1]
    for step in range(1, n_steps):
        role[:, step] = (rng.random((n_episodes, n_agents, 1)) > edges[role[:, step - 1]]).sum(axis=2)
    return role


def scripted(role: IntArray, rng: np.random.Generator, how: Circumstances | None = None) -> Scripted:
    """Play roles.

    0 chases a wandering thing, 1 keeps to the origin, 2 flees the thing, 3 walks up and down, 4 chases the thing where
    it is near and else keeps to the origin.

    Parameters
    ----------
    role
        Shape (E, T, N).
    rng
        Draws places, moods and carefree steps.
    how
        What else moves the agents.
    """
    how = how or Circumstances()
    n_episodes, n_steps, n_agents = role.shape
    place = rng.uniform(-1, 1, size=(n_episodes, n_agents, 2))
    thing = rng.uniform(-1, 1, size=(n_episodes, 1, 2))
    mood, wind = rng.normal(size=(n_episodes, n_agents, 2)), rng.normal(size=(n_episodes, 1, 2))
    phase = rng.integers(how.phases, size=(n_episodes, n_agents))
    lost = np.zeros((n_episodes, n_agents))
    actions, places, things = [], [], []
    for step in range(n_steps):
        way = _ways(role[:, step], place, thing, clock=step + phase) + how.mood * mood + how.wind * wind
        action = _headed(way)
        lazy = rng.random(action.shape) < how.hurry * (1 - step / n_steps)
        action = np.where(lazy, 0, action)
        begins = rng.random(action.shape) < how.bouts
        lost = np.where(begins, np.maximum(lost, 3 * (1 + rng.pareto(1.5, size=lost.shape))), lost - 1)
        carefree = (rng.random(action.shape) < how.carefree) | (lost > 0)
        action = np.where(carefree, rng.integers(len(MOVES), size=action.shape), action)
        actions.append(action)
        places.append(place)
        things.append(thing)
        place = np.clip(place + STEP * MOVES[action], -1.5, 1.5)
        thing = np.clip(thing + 0.15 * rng.normal(size=thing.shape), -1, 1)
        mood, wind = _later(mood, rng), _later(wind, rng)
    columns = {
        ACTIONS: np.stack(actions, axis=1).reshape(-1, n_agents, 1).astype(np.float64),
        POSITIONS: np.stack(places, axis=1).reshape(-1, n_agents, 2),
        ENTITY_POSITIONS: np.stack(things, axis=1).reshape(-1, 1, 2),
    }
    names = [f"agent_{agent}" for agent in range(n_agents)]
    return Scripted(log=log_from_arrays(columns, [n_steps] * n_episodes, names), role=role)


def action_chances(
    role: IntArray, place: FloatArray, thing: FloatArray, *, step: int, how: Circumstances
) -> FloatArray:
    """Return the chance of each move where neither moods, wind, bouts, hurry nor clocks play a part.

    Parameters
    ----------
    role
        Of each agent, shape (E, N).
    place, thing
        Shapes (E, N, 2) and (E, 1, 2).
    step
        Timestep.
    how
        ``carefree`` is used.

    Returns
    -------
    FloatArray
        Shape (E, N, moves).
    """
    headed = _headed(_ways(role, place, thing, clock=np.full(role.shape, step)))
    return np.asarray((1 - how.carefree) * np.eye(len(MOVES))[headed] + how.carefree / len(MOVES))


def _ways(role: IntArray, place: FloatArray, thing: FloatArray, *, clock: IntArray) -> FloatArray:
    """Where each agent would go, shape (E, N, 2)."""
    to_thing = thing - place
    lane = np.zeros_like(place)
    lane[..., 1] = np.where(clock // 10 % 2, 1.0, -1.0)
    is_near = np.linalg.norm(to_thing, axis=-1, keepdims=True) < NEAR
    options = np.stack([to_thing, -place, -to_thing, lane, np.where(is_near, to_thing, -place)])
    return np.asarray(np.take_along_axis(options, role[np.newaxis, ..., np.newaxis], axis=0)[0])


def _later(mood: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.asarray(KEEPS * mood + np.sqrt(1 - KEEPS**2) * rng.normal(size=mood.shape))


def _headed(way: FloatArray) -> IntArray:
    """Return the action along the longer axis of each way."""
    axis = np.abs(way).argmax(axis=-1)
    along = np.take_along_axis(way, axis[..., np.newaxis], axis=-1)[..., 0]
    return np.asarray(1 + 2 * axis + (along > 0))
