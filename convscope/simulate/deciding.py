"""Teams whose policies are known, and who see different things: what a policy reading must and must not find."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import Size
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, OBSERVATIONS, POSITIONS
from convscope.values.log import TrajectoryLog

_MOVES = np.array([[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
_SHARPNESS = 2.0


class Actions(Enum):
    """What agents decide."""

    MOVE = "one of five moves"
    MOVE_AND_SPEAK = "one of five moves, and one of three words"
    PUSH = "two forces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """What sets agents apart."""

    area: float = 0.0
    """How far each agent's own area is from the next one's, in widths of an area; 0 = all go to the same places."""
    habit: float = 0.0
    """How much more the first agent likes its first move, in logits."""
    turn: float = 0.0
    """How much of the first agent's answer to what it sees is turned around: 0 = none, 2 = all."""
    memory: float = 0.0
    """Weight of a liking that every agent draws anew in each episode, and nothing shows."""
    carried: float = 0.0
    """How much of that liking stays from one episode to the next."""
    turns_at: int | None = None
    """First episode in which the first agent is turned around; None = from the start."""
    moves_at: int | None = None
    """First episode in which all areas lie elsewhere; None = never."""
    actions: Actions = Actions.MOVE
    names_itself: bool = False
    """Whether the observation says who sees."""


def deciding_team(size: Size, rng: np.random.Generator, how: Deciding) -> TrajectoryLog:
    """Let each agent act by a bent rule on where it is and where its goal is.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws everything.
    how
        What sets agents apart; by default nothing does.
    """
    n_episodes, n_steps, n_agents = size.shape
    liking = _likings(size, rng, how)
    turned = np.ones((n_episodes, n_agents))
    turned[how.turns_at or 0 :, 0] = 1.0 - how.turn
    centre = how.area * np.arange(n_agents)[:, np.newaxis] * np.array([1.0, 0.5])
    shift = np.where(np.arange(n_episodes) >= (how.moves_at or n_episodes), 1.5, 0.0)[:, np.newaxis, np.newaxis]
    place = centre + shift + rng.normal(size=(n_episodes, n_agents, 2))
    goal = centre + shift + rng.normal(size=(n_episodes, n_agents, 2))
    places, seen, taken = [], [], []
    for _ in range(n_steps):
        pull = _pull(place, goal) * turned[..., np.newaxis]
        action = _actions(pull, liking, how, rng=rng)
        places.append(place)
        seen.append(np.concatenate([place, goal - place], axis=2))
        taken.append(action)
        moved = action if how.actions is Actions.PUSH else _MOVES[action[..., 0].astype(np.int64)]
        place = place + 0.15 * moved + 0.05 * rng.normal(size=place.shape)
    observations = np.stack(seen, axis=1)
    if how.names_itself:
        marks = np.broadcast_to(np.eye(n_agents), (n_episodes, n_steps, n_agents, n_agents))
        observations = np.concatenate([observations, marks], axis=3)
    columns = {OBSERVATIONS: observations, ACTIONS: np.stack(taken, axis=1), POSITIONS: np.stack(places, axis=1)}
    flat = {name: values.reshape(n_episodes * n_steps, n_agents, -1) for name, values in columns.items()}
    return log_from_arrays(flat, [n_steps] * n_episodes, [f"agent_{number}" for number in range(n_agents)])


def _likings(size: Size, rng: np.random.Generator, how: Deciding) -> FloatArray:
    """Return what each agent likes in each episode beyond the rule, in logits of the five moves, shape (E, N, 5)."""
    fresh = rng.normal(size=(size.n_episodes, size.n_agents, len(_MOVES)))
    liking = fresh.copy()
    for episode in range(1, size.n_episodes):
        liking[episode] = how.carried * liking[episode - 1] + np.sqrt(1 - how.carried**2) * fresh[episode]
    liking *= how.memory
    liking[:, 0, 1] += how.habit
    return liking


def _pull(place: FloatArray, goal: FloatArray) -> FloatArray:
    """Return where the shared rule pulls, shape (E, N, 2): to the goal, but bent by where the agent is."""
    way = np.tanh(2 * (goal - place))
    return way * np.cos(1.5 * place[..., ::-1]) + 0.5 * np.sin(2 * place)


def _actions(pull: FloatArray, liking: FloatArray, how: Deciding, *, rng: np.random.Generator) -> FloatArray:
    if how.actions is Actions.PUSH:
        return pull + liking[..., 1:3] * 0.5 + 0.5 * rng.normal(size=pull.shape)
    move = _drawn(_SHARPNESS * pull @ _MOVES.T + liking, rng)
    if how.actions is Actions.MOVE:
        return move[..., np.newaxis].astype(np.float64)
    word = _drawn(_SHARPNESS * np.concatenate([pull, -pull[..., :1]], axis=2) + liking[..., :3], rng)
    return np.stack([move, word], axis=2).astype(np.float64)


def _drawn(logits: FloatArray, rng: np.random.Generator) -> IntArray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    below = powers.cumsum(axis=-1) / powers.sum(axis=-1, keepdims=True)
    drawn = np.minimum((below < rng.random((*logits.shape[:-1], 1))).sum(axis=-1), logits.shape[-1] - 1)
    return np.asarray(drawn, dtype=np.int64)
