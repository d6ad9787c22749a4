"""Logs of continuous actions that follow a Gaussian autoregression, whose transfer entropies have a closed form."""

from dataclasses import dataclass

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import Situation, Size
from convscope.values.arrays import BoolArray, FloatArray, sealed
from convscope.values.fields import ACTIONS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Autoregression:
    """``x[t] = pull @ x[t - 1] + noise``, for agents of one action component each."""

    pull: FloatArray
    """How much each receiver takes from each sender, shape (receiver, sender); spectral radius below 1."""
    noise: FloatArray
    """Covariance of the noise, shape (N, N)."""

    def __post_init__(self) -> None:
        n_agents = len(self.pull)
        for name in ("pull", "noise"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_agents, n_agents), name))

    def covariance(self) -> FloatArray:
        """Return the covariance of the stationary process, shape (N, N)."""
        from scipy.linalg import solve_discrete_lyapunov  # noqa: PLC0415  only tests and examples need it

        return np.asarray(solve_discrete_lyapunov(self.pull, self.noise), dtype=np.float64)

    def transfer_entropies(self) -> FloatArray:
        """Return the transfer entropy of each pair given all other agents' last actions, in nats.

        Returns
        -------
        FloatArray
            Shape (receiver, sender), 0 on the diagonal.

        Notes
        -----
        Without the sender the receiver's error has the variance of its noise, and of its pull times what the others
        leave unknown of the sender.

        References
        ----------
        Barnett, Barrett and Seth, Physical Review Letters 103 (2009).
        """
        left = 1 / np.diagonal(np.linalg.inv(self.covariance()))
        gains: FloatArray = 0.5 * np.log1p(self.pull**2 * left / np.diagonal(self.noise)[:, None])
        return np.where(np.eye(len(gains), dtype=np.bool_), 0.0, gains)


def autoregressive(size: Size, rng: np.random.Generator, law: Autoregression, *, n_components: int = 1) -> Situation:
    """Draw the actions of an autoregression from its stationary law.

    Parameters
    ----------
    size
        How much is simulated; its number of agents is that of the law.
    rng
        Draws the actions.
    law
        What the actions follow.
    n_components
        Components of each action; each follows the law on its own.
    """
    n_agents = len(law.pull)
    shape = (size.n_episodes, n_components, n_agents)
    root, start = np.linalg.cholesky(law.noise), np.linalg.cholesky(law.covariance())
    steps = [rng.standard_normal(shape) @ start.T]
    for _ in range(size.n_steps - 1):
        steps.append(steps[-1] @ law.pull.T + rng.standard_normal(shape) @ root.T)
    actions = np.stack(steps, axis=1).transpose(0, 1, 3, 2).reshape(-1, n_agents, n_components)
    names = [f"agent_{number}" for number in range(n_agents)]
    edges: BoolArray = (law.pull != 0) & ~np.eye(n_agents, dtype=np.bool_)
    return Situation(log=log_from_arrays({ACTIONS: actions}, [size.n_steps] * size.n_episodes, names), edges=edges)


def leaders_and_followers(n_agents: int, *, gain: float = 0.1) -> Autoregression:
    """Return the law of a team whose second half follows the first, one leader each."""
    pull = 0.5 * np.eye(n_agents)
    followers = np.arange(n_agents // 2, n_agents)
    pull[followers, followers - n_agents // 2] = gain
    return Autoregression(pull=pull, noise=np.eye(n_agents))
