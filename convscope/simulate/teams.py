"""Teams whose routing follows a known role preference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed

CIRCULANT = ((0.2, 0.2, 0.6), (0.6, 0.2, 0.2), (0.2, 0.6, 0.2))
"""A preference that three of the six relabellings leave unchanged."""
GENERIC = ((0.2, 0.3, 0.5), (0.6, 0.3, 0.1), (0.15, 0.45, 0.4))
"""A preference that no relabelling leaves unchanged; its transpose is no relabelling of it either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """How a team of one run attends."""

    preference: tuple[tuple[float, ...], ...]
    """θ, row = receiving role; rows need not sum to 1."""
    members: tuple[int, ...]
    """Agents of each role."""
    n_episodes: int = 4
    n_steps: int = 15
    """Timesteps of each episode."""
    dyad_noise: float = 0.0
    """Standard deviation of the log of a factor drawn once for each ordered pair of agents."""
    step_noise: float = 0.0
    """The same, drawn at each timestep."""
    is_redrawn: bool = False
    """Whether each episode draws anew who holds which role, and how many hold it."""
    dying_role: int | None = None
    """Role whose agents die halfway through each episode."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedRun:
    """Routing of one run; E episodes of T timesteps, N agents."""

    weights: FloatArray
    """Shape (E, T, receiver, sender); rows sum to 1 over valid senders, 0 elsewhere."""
    valid: BoolArray
    """Who could be attended to, shape (E, T, receiver, sender)."""
    roles: IntArray
    """Declared role of each agent, shape (E, N)."""

    def __post_init__(self) -> None:
        shape = self.valid.shape
        object.__setattr__(self, "weights", sealed(self.weights, shape, "weights"))
        object.__setattr__(self, "valid", sealed(self.valid, shape, "valid"))
        object.__setattr__(self, "roles", sealed(self.roles, (shape[0], shape[-1]), "roles"))


def simulate_run(team: Team, rng: np.random.Generator) -> SimulatedRun:
    """Draw the routing of one run.

    Parameters
    ----------
    team
        The truth.
    rng
        Source of the noise and of redrawn teams; a noiseless team of fixed composition draws nothing from it.
    """
    n_agents = sum(team.members)
    roles = _roles(team, rng)
    theta = np.array(team.preference)
    pull = theta[roles[:, :, None], roles[:, None, :]][:, None]
    pull = np.broadcast_to(pull, (team.n_episodes, team.n_steps, n_agents, n_agents))
    pull = pull * _factors(team.dyad_noise, (n_agents, n_agents), rng)
    pull = pull * _factors(team.step_noise, pull.shape, rng)
    valid = _valid(team, roles)
    total = np.where(valid, pull, 0.0).sum(axis=3, keepdims=True)
    weights = np.divide(pull, total, out=np.zeros_like(pull), where=valid & (total > 0))
    return SimulatedRun(weights=weights, valid=valid, roles=roles)


def simulate_runs(team: Team, n_runs: int, rng: np.random.Generator) -> tuple[SimulatedRun, ...]:
    """Draw several runs of one team, independently."""
    return tuple(simulate_run(team, rng) for _ in range(n_runs))


def diluted(preference: Sequence[Sequence[float]], share: float) -> tuple[tuple[float, ...], ...]:
    """Mix a preference with even attention; ``share`` 0 leaves it, 1 makes it even."""
    matrix = np.array(preference)
    matrix = matrix / matrix.sum(axis=1, keepdims=True)
    return tuple(map(tuple, ((1 - share) * matrix + share / matrix.shape[1]).tolist()))


def relabelled(preference: Sequence[Sequence[float]], order: Sequence[int]) -> tuple[tuple[float, ...], ...]:
    """Let role a behave as role ``order[a]`` does; ``(1, 0, 2)`` swaps the first two of three roles."""
    return tuple(map(tuple, np.array(preference)[np.ix_(order, order)].tolist()))


def _roles(team: Team, rng: np.random.Generator) -> IntArray:
    if team.is_redrawn:
        return rng.integers(len(team.members), size=(team.n_episodes, sum(team.members)))
    fixed = np.repeat(np.arange(len(team.members)), team.members)
    return np.tile(fixed, (team.n_episodes, 1))


def _factors(noise: float, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    return np.exp(rng.normal(0.0, noise, shape)) if noise > 0 else np.ones(shape)


def _valid(team: Team, roles: IntArray) -> BoolArray:
    is_late = np.arange(team.n_steps) >= team.n_steps // 2
    dies = np.zeros_like(roles, dtype=np.bool_) if team.dying_role is None else np.equal(roles, team.dying_role)
    alive = ~(dies[:, None, :] & is_late[None, :, None])
    return np.asarray(alive[:, :, :, None] & alive[:, :, None, :] & ~np.eye(roles.shape[1], dtype=np.bool_))
