"""Laws whose figures are known in closed form (ground truth 18)."""

import math
from dataclasses import replace

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import Size
from convscope.simulate.scenarios.declaring import matrix_of, priors_text
from convscope.simulate.scenarios.scenario import Planted, Scale, Scenario, Truth
from convscope.simulate.situations import copy_channel
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS
from convscope.values.log import TrajectoryLog

SWITCHES = ((0.95, 0.03, 0.02), (0.05, 0.9, 0.05), (0.1, 0.1, 0.8))
"""From role to role, step by step."""
_ERROR = 0.2
"""How often a copied symbol of four is another one."""


def _switching(scale: Scale, rng: np.random.Generator) -> Planted:
    chain = np.array(SWITCHES)
    shares = stationary(chain)
    logs = {f"run_{number}": _switching_run(scale, chain, rng, name=f"run_{number}") for number in range(scale.n_runs)}
    truth: dict[str, Truth] = {
        "transitions": matrix_of(chain),
        "shares": [float(share) for share in shares],
        "switching_rate": float(1 - (shares * np.diag(chain)).sum()),
        "dwell": [float(1 / (1 - stay)) for stay in np.diag(chain)],
    }
    return Planted(logs=logs, priors=priors_text(), truth=truth)


def stationary(chain: FloatArray) -> FloatArray:
    """Return the share of time that a chain spends in each state, shape (R,)."""
    n_states = len(chain)
    equations = np.vstack([chain.T - np.eye(n_states), np.ones(n_states)])
    return np.asarray(np.linalg.lstsq(equations, np.append(np.zeros(n_states), 1.0))[0], dtype=np.float64)


def _switching_run(scale: Scale, chain: FloatArray, rng: np.random.Generator, *, name: str) -> TrajectoryLog:
    n_agents = sum(scale.members)
    shape = (scale.n_episodes, scale.n_steps, n_agents)
    role = np.empty(shape, dtype=np.int64)
    role[:, 0] = rng.choice(len(chain), p=stationary(chain), size=(shape[0], n_agents))
    for step in range(1, scale.n_steps):
        role[:, step] = _drawn(chain[role[:, step - 1]], rng)
    actions = np.where(rng.random(shape) < 0.7, role, rng.integers(4, size=shape))
    return log_from_arrays(
        {ACTIONS: actions.reshape(-1, n_agents, 1).astype(np.float64)},
        [scale.n_steps] * scale.n_episodes,
        scale.agents,
        runs=[name] * scale.n_episodes,
    )


def _drawn(chances: FloatArray, rng: np.random.Generator) -> IntArray:
    return np.asarray((chances.cumsum(axis=-1)[..., :-1] < rng.random((*chances.shape[:-1], 1))).sum(axis=-1))


def channel_nats(error: float) -> float:
    """Return the transfer entropy of a copied symbol of four, in nats: ``log 4 - h(error) - error log 3``."""
    return math.log(4) + sum(share * math.log(share) for share in (1 - error, *[error / 3] * 3) if share > 0)


def _channel(scale: Scale, rng: np.random.Generator) -> Planted:
    size = Size(n_agents=2, n_episodes=scale.n_episodes, n_steps=scale.n_steps)
    logs: dict[str, TrajectoryLog] = {}
    for number in range(scale.n_runs):
        log = copy_channel(size, rng, error=_ERROR).log
        logs[f"run_{number}"] = replace(log, episodes=replace(log.episodes, runs=(f"run_{number}",)))
    return Planted(
        logs=logs,
        priors=priors_text(roles=("sender", "copier"), patterns=("agent_0", "agent_1")),
        truth={
            "sender": "agent_0",
            "receiver": "agent_1",
            "error": _ERROR,
            "transfer_entropy_nats": channel_nats(_ERROR),
        },
    )


ROLE_SWITCHING = Scenario(
    name="role-switching",
    number=18,
    description="Agents switch between three behaviours within episodes: rate .0849 a step, dwell 20, 10 and 5 steps.",
    plant=_switching,
    noise=None,
)
COPY_CHANNEL = Scenario(
    name="copy-channel",
    number=18,
    description="One agent repeats the other's last of four actions and errs in a fifth: .6662 nat one way, 0 back.",
    plant=_channel,
    noise=None,
    has_team=False,
)
