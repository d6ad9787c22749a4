"""What agents draw their actions from, and the actions that come of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convscope.simulate.draws import Size
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed

Policy = Callable[[int, IntArray], FloatArray]
"""Of a step and all agents' actions of the step before, shape (E, N): the probabilities of all actions, (E, N, A)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Law:
    """How a team acts: each agent draws by itself from what its policy says."""

    size: Size
    policy: Policy
    edges: BoolArray
    """Whether the sender's last action enters the receiver's policy, shape (receiver, sender)."""
    world: FloatArray | None = None
    """What all agents see beside each other, shape (E, T, W); None for nothing."""
    world_field: str | None = None
    """The field of the log that holds it beside actions, if any does."""
    is_dead: BoolArray | None = None
    """Shape (E, T, N); None where nobody dies. The dead log action 0."""
    carries_over: bool = False
    """Whether each agent begins an episode with what the agent before it did last in the episode before."""

    def __post_init__(self) -> None:
        n_agents = self.size.n_agents
        object.__setattr__(self, "edges", sealed(self.edges, (n_agents, n_agents), "edges"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rollout:
    """What a team did."""

    law: Law
    actions: IntArray
    """Shape (E, T, N)."""
    probabilities: FloatArray
    """That actions were drawn from, NaN of the dead, shape (E, T, N, A)."""
    before: IntArray
    """Actions of the step before, -1 at an episode's first step, shape (E, T, N)."""


def rolled_out(law: Law, rng: np.random.Generator, *, is_frozen: BoolArray | None = None) -> Rollout:
    """Let a team act.

    Parameters
    ----------
    law
        How it acts.
    rng
        Draws the actions.
    is_frozen
        Where an agent takes action 0 whatever it drew, shape (E, T, N); nowhere when left out.
    """
    n_episodes, n_steps, n_agents = law.size.shape
    last = rng.integers(
        law.policy(0, np.zeros((n_episodes, n_agents), np.int64)).shape[-1], size=(n_episodes, n_agents)
    )
    taken, drawn_from = [], []
    for step in range(n_steps):
        policy = law.policy(step, last)
        uniform = rng.random((n_episodes, n_agents, 1))
        last = np.minimum((policy.cumsum(axis=-1) < uniform).sum(axis=-1), policy.shape[-1] - 1)
        if is_frozen is not None:
            last = np.where(is_frozen[:, step], 0, last)
        taken.append(last)
        drawn_from.append(policy)
    return _told(law, np.stack(taken, axis=1), np.stack(drawn_from, axis=1))


def _told(law: Law, actions: IntArray, probabilities: FloatArray) -> Rollout:
    if law.carries_over:
        actions[1:, 0] = np.roll(actions[:-1, -1], 1, axis=1)
        probabilities[1:, 0] = np.eye(probabilities.shape[-1])[actions[1:, 0]]
    if law.is_dead is not None:
        actions[law.is_dead] = 0
        probabilities[law.is_dead] = np.nan
    before = np.concatenate([np.full_like(actions[:, :1], -1), actions[:, :-1]], axis=1)
    return Rollout(law=law, actions=actions, probabilities=probabilities, before=before)


def mixture(n_actions: int, shape: tuple[int, int], *parts: tuple[FloatArray | float, IntArray]) -> FloatArray:
    """Return policies that give shares to some actions, and divide the rest evenly, shape (E, N, n_actions).

    Parameters
    ----------
    n_actions
        How many there are.
    shape
        Episodes and agents.
    parts
        Each a share, and the action that it goes to; both broadcast against the shape.
    """
    shares = [np.broadcast_to(np.asarray(share, dtype=np.float64), shape) for share, _ in parts]
    rest = 1 - np.sum(shares, axis=0) if parts else np.ones(shape)
    policy = np.repeat((rest / n_actions)[..., None], n_actions, axis=-1)
    rows, columns = np.indices(shape)
    for share, (_, action) in zip(shares, parts, strict=True):
        policy[rows, columns, np.broadcast_to(action, shape)] += share
    return policy
