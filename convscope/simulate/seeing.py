"""Teams with a policy that is known: what each agent does is a softmax of what it sees of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.layout_file import lay_out
from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import N_ACTIONS, Situation, Size
from convscope.values.arrays import FloatArray, sealed
from convscope.values.fields import ACTION_PROBABILITIES, ACTIONS, OBSERVATIONS
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind

N_OWN = 2
"""Columns of an observation about the agent itself; as many about each other agent, in the log's order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeeingTeam:
    """A log, its truth, and the policy that all agents share."""

    situation: Situation
    """Its log has a layout; an edge is there where the policy uses the slot at all."""
    weights: FloatArray
    """Logits are observations times these, shape (D, A)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", sealed(self.weights, (None, N_ACTIONS), "weights"))


def seeing_team(
    size: Size,
    rng: np.random.Generator,
    *,
    strengths: Sequence[float],
    likeness: float = 0.0,
    memory: float = 0.6,
    has_laws: bool = True,
) -> SeeingTeam:
    """Let each agent act by what it sees of itself and of the others.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws everything.
    strengths
        How much the policy makes of its first, second, ... other agent; 0 = ignores it.
    likeness
        Correlation of what is seen of any two agents at one step.
    memory
        Correlation of what is seen of an agent at one step and at the next; near 1 an episode is all alike.
    has_laws
        Whether the log holds the probabilities that actions were drawn from.
    """
    n_episodes, n_steps, n_agents = size.shape
    seen = _walks(size, rng, likeness, memory=memory)
    order = [[agent, *(other for other in range(n_agents) if other != agent)] for agent in range(n_agents)]
    observations = seen[:, :, order].reshape(n_episodes * n_steps, n_agents, n_agents * N_OWN)
    scale = np.repeat([1.0, *strengths], N_OWN)
    weights = scale[:, None] * np.tile(rng.normal(size=(N_OWN, N_ACTIONS)), (n_agents, 1))
    powers = np.exp(observations @ weights)
    laws = powers / powers.sum(axis=-1, keepdims=True)
    taken = np.minimum((laws.cumsum(axis=-1) < rng.random((*laws.shape[:2], 1))).sum(axis=-1), N_ACTIONS - 1)
    columns = {OBSERVATIONS: observations, ACTIONS: taken[..., None].astype(np.float64)}
    if has_laws:
        columns[ACTION_PROBABILITIES] = laws
    names = [f"agent_{number}" for number in range(n_agents)]
    log = lay_out(log_from_arrays(columns, [n_steps] * n_episodes, names), _layout(names))
    edges = np.zeros((n_agents, n_agents), dtype=np.bool_)
    for receiver, row in enumerate(order):
        edges[receiver, row[1:]] = np.asarray(strengths) > 0
    return SeeingTeam(situation=Situation(log=log, edges=edges), weights=weights)


def _walks(size: Size, rng: np.random.Generator, likeness: float, *, memory: float) -> FloatArray:
    """Return what there is to see of each agent: slow walks of variance 1, shape (E, T, N, N_OWN)."""
    shape = (size.n_episodes, size.n_steps, size.n_agents, N_OWN)
    noise = np.sqrt(1 - likeness) * rng.normal(size=shape)
    noise += np.sqrt(likeness) * rng.normal(size=(*shape[:2], 1, N_OWN))
    walks = np.empty(shape)
    walks[:, 0] = noise[:, 0]
    for step in range(1, size.n_steps):
        walks[:, step] = memory * walks[:, step - 1] + np.sqrt(1 - memory**2) * noise[:, step]
    return walks


def _layout(names: Sequence[str]) -> ObservationLayout:
    slots = tuple(
        Slot(kind=SlotKind.OTHER, rank=rank, columns=tuple(range(rank * N_OWN, (rank + 1) * N_OWN)))
        for rank in range(1, len(names))
    )
    receivers = (ReceiverLayout(name="all", agents=tuple(names), own=tuple(range(N_OWN)), slots=slots),)
    return ObservationLayout(receivers=receivers)
