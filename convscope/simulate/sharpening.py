"""A pair whose policies sharpen over training while influence between them takes another course.

The sender acts by a hidden mode and explores less with each checkpoint; so does the receiver. A share of the receiver's
next choice is the answer to what the sender did: had the sender done otherwise, that share would go elsewhere.
"""

from collections.abc import Sequence

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import N_ACTIONS, Size
from convscope.values.arrays import FloatArray
from convscope.values.fields import ACTION_PROBABILITIES, ACTIONS
from convscope.values.log import TrajectoryLog

SENDER, RECEIVER = "agent_0", "agent_1"
_MODE_CHANGES = 0.05


def sharpening(
    size: Size,
    rng: np.random.Generator,
    *,
    influence: Sequence[float],
    exploration: Sequence[float],
    is_contextual: bool = False,
) -> TrajectoryLog:
    """Return a log of a pair, and of others who answer to nobody.

    Parameters
    ----------
    size
        Agents, and episodes and steps of each checkpoint.
    rng
        Draws everything.
    influence
        Share of the receiver's choice that answers to the sender, by checkpoint, in [0, 1].
    exploration
        Share of every agent's own choice that is even over all actions, by checkpoint, in [0, 1].
    is_contextual
        Whether the answer also depends on the receiver's own mode, so that over all modes it cancels.
    """
    parts = [
        _checkpoint(size, rng, share=share, even=even, is_contextual=is_contextual)
        for share, even in zip(influence, exploration, strict=True)
    ]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    labels = [str(number) for number in range(len(parts)) for _ in range(size.n_episodes)]
    names = [f"agent_{number}" for number in range(size.n_agents)]
    return log_from_arrays(columns, [size.n_steps] * len(labels), names, checkpoints=labels)


def _checkpoint(
    size: Size, rng: np.random.Generator, *, share: float, even: float, is_contextual: bool
) -> dict[str, FloatArray]:
    n_episodes, n_steps, n_agents = size.shape
    actions = np.empty(size.shape, np.int64)
    probabilities = np.empty((*size.shape, N_ACTIONS))
    mode = rng.integers(N_ACTIONS, size=(n_episodes, n_agents))
    for step in range(n_steps):
        policy = even / N_ACTIONS + (1 - even) * np.eye(N_ACTIONS)[mode]
        if step:
            answer = actions[:, step - 1, 0] + (mode[:, 1] if is_contextual else 1)
            policy[:, 1] = (1 - share) * policy[:, 1] + share * np.eye(N_ACTIONS)[answer % N_ACTIONS]
        uniform = rng.random((n_episodes, n_agents, 1))
        actions[:, step] = np.minimum((policy.cumsum(axis=-1) < uniform).sum(axis=-1), N_ACTIONS - 1)
        probabilities[:, step] = policy
        is_new = rng.random(mode.shape) < _MODE_CHANGES
        mode = np.where(is_new, rng.integers(N_ACTIONS, size=mode.shape), mode)
    n_rows = n_episodes * n_steps
    return {
        ACTIONS: actions.reshape(n_rows, n_agents, 1).astype(np.float64),
        ACTION_PROBABILITIES: probabilities.reshape(n_rows, n_agents, N_ACTIONS),
    }
