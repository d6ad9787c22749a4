"""Teams that talk: whether messages tell what their senders do, and whether anybody listens, is known."""

from dataclasses import dataclass

import numpy as np

from convscope.simulate.draws import N_ACTIONS, Situation, Size, situation
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTION_PROBABILITIES, MESSAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Talking:
    """What messages are worth; each a share of what an agent does, in [0, 1]."""

    signals: float = 0.0
    """Of its messages, those that name what the sender does in the same timestep."""
    listens: float = 0.0
    """Of the last agent's policy, what goes to the action that the first agent named a timestep before."""
    sees: float = 0.0
    """Of every agent's policy, what goes to a thing that all see and no log shows; it stays for about ten timesteps."""
    is_spoken_action: bool = False
    """Whether the message is the action itself, as of a speaker that can do nothing else."""


def talkers(size: Size, rng: np.random.Generator, talking: Talking) -> Situation:
    """Simulate agents that each send a message and act in every timestep.

    Parameters
    ----------
    size
        At least two agents.
    rng
        Draws everything.
    talking
        What messages are worth.
    """
    messages, actions, probabilities = _rollout(size, rng, talking)
    n_rows = size.n_episodes * size.n_steps
    columns = {
        MESSAGES: messages.reshape(n_rows, size.n_agents, 1).astype(np.float64),
        ACTION_PROBABILITIES: probabilities.reshape(n_rows, size.n_agents, N_ACTIONS),
    }
    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    edges[-1, 0] = talking.listens > 0
    return situation(actions, edges=edges, columns=columns)


def _rollout(size: Size, rng: np.random.Generator, talking: Talking) -> tuple[IntArray, IntArray, FloatArray]:
    n_episodes, n_steps, n_agents = size.shape
    messages, actions = np.empty(size.shape, np.int64), np.empty(size.shape, np.int64)
    probabilities = np.empty((*size.shape, N_ACTIONS))
    one = np.eye(N_ACTIONS)
    thing = rng.integers(N_ACTIONS, size=n_episodes)
    habit = rng.integers(N_ACTIONS, size=(n_episodes, n_agents))
    heard = rng.integers(N_ACTIONS, size=n_episodes)
    for step in range(n_steps):
        policy = 0.7 / N_ACTIONS + 0.3 * one[habit]
        policy = (1 - talking.sees) * policy + talking.sees * one[thing][:, None]
        policy[:, -1] = (1 - talking.listens) * policy[:, -1] + talking.listens * one[heard]
        taken = (policy.cumsum(axis=-1) < rng.random((n_episodes, n_agents, 1))).sum(axis=-1).clip(max=N_ACTIONS - 1)
        is_told = rng.random(taken.shape) < (1.0 if talking.is_spoken_action else talking.signals)
        sent = np.where(is_told, taken, rng.integers(N_ACTIONS, size=taken.shape))
        messages[:, step], actions[:, step], probabilities[:, step] = sent, taken, policy
        heard = sent[:, 0]
        thing = np.where(rng.random(n_episodes) < 0.1, rng.integers(N_ACTIONS, size=n_episodes), thing)
    return messages, actions, probabilities
