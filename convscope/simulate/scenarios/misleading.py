"""Attention that is not what it seems (ground truths 15 and 16)."""

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.scenarios.declaring import priors_text
from convscope.simulate.scenarios.scenario import Planted, Scale, Scenario
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, ATTENTION, POSITIONS
from convscope.values.log import TrajectoryLog

_N_ACTIONS = 5
_FOLLOWS = 0.3
"""Share of its steps in which an agent repeats the last action of the one that it really follows."""
_OWN = ((0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8))
"""A prior by which roles attend to their own kind."""


def _decoy(scale: Scale, rng: np.random.Generator) -> Planted:
    n_agents = sum(scale.members)
    leader = (np.arange(n_agents) + 1) % n_agents
    logs = {name: _decoy_run(scale, leader, rng, name=name) for name in scale.runs}
    follows = {agent: scale.agents[leader[slot]] for slot, agent in enumerate(scale.agents)}
    return Planted(logs=logs, priors=priors_text(), truth={"follows": dict(follows), "validated": "no"})


def _decoy_run(scale: Scale, leader: IntArray, rng: np.random.Generator, *, name: str) -> TrajectoryLog:
    n_agents = len(leader)
    shape = (scale.n_episodes, scale.n_steps, n_agents)
    actions = rng.integers(_N_ACTIONS, size=shape)
    is_copy = rng.random(shape) < _FOLLOWS
    for step in range(1, scale.n_steps):
        actions[:, step] = np.where(is_copy[:, step], actions[:, step - 1, leader], actions[:, step])
    pull = np.exp(rng.normal(0, 0.3, (n_agents, n_agents)))
    pull[np.arange(n_agents), leader] *= 0.1
    return _log(scale, pull, actions, name=name)


def _near(scale: Scale, rng: np.random.Generator) -> Planted:
    logs = {name: _near_run(scale, rng, name=name) for name in scale.runs}
    return Planted(logs=logs, priors=priors_text(_OWN), truth={"attends_by": "distance", "partial_correlation": 0.0})


def _near_run(scale: Scale, rng: np.random.Generator, *, name: str) -> TrajectoryLog:
    """Let agents of one role stand together, and everybody attend to who is near."""
    n_agents = sum(scale.members)
    places = np.arange(n_agents) + rng.normal(0, 0.5, n_agents)
    pull = np.exp(-np.abs(places[:, None] - places) + rng.normal(0, 0.3, (n_agents, n_agents)))
    actions = rng.integers(_N_ACTIONS, size=(scale.n_episodes, scale.n_steps, n_agents))
    return _log(scale, pull, actions, name=name, places=places)


def _log(
    scale: Scale, pull: FloatArray, actions: IntArray, *, name: str, places: FloatArray | None = None
) -> TrajectoryLog:
    n_rows, n_agents = scale.n_episodes * scale.n_steps, len(pull)
    weights = np.where(np.eye(n_agents, dtype=np.bool_), 0.0, pull)
    weights /= weights.sum(axis=1, keepdims=True)
    columns = {
        ATTENTION: np.tile(weights, (n_rows, 1, 1, 1)),
        ACTIONS: actions.reshape(n_rows, n_agents, 1).astype(np.float64),
    }
    if places is not None:
        columns[POSITIONS] = np.tile(places[:, None], (n_rows, 1, 1))
    return log_from_arrays(columns, [scale.n_steps] * scale.n_episodes, scale.agents, runs=[name] * scale.n_episodes)


DECOY_ATTENTION = Scenario(
    name="decoy-attention",
    number=15,
    description="Attention turns away from whom agents really follow: it must not pass for influence.",
    plant=_decoy,
    noise=None,
)
PROXIMITY = Scenario(
    name="proximity",
    number=16,
    description="Everybody attends to who is near, and roles stand together: the partial test tells.",
    plant=_near,
    noise=None,
)
