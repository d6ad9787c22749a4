"""Small made-up teams whose episodes are known number by number."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Episodes of a team; every list has an entry per episode."""

    observations: list[np.ndarray]
    """(T + 1, N, D), the last row after the last step."""
    actions: list[np.ndarray]
    """(T, N), whole numbers, or (T, N, K)."""
    rewards: list[np.ndarray]
    """(T, N)."""
    positions: list[np.ndarray]
    """(T + 1, N, 2)."""
    is_terminated: list[bool]
    """Whether the task ended; else a time limit struck."""

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(len(actions) for actions in self.actions)

    @property
    def n_agents(self) -> int:
        return self.actions[0].shape[1]


def make_world(rng, *, lengths, n_agents, width=5, n_choices=4, n_components=0, is_noise=False, is_constant=False):
    """Agents that walk about; ``is_noise`` observes nothing but noise, ``is_constant`` never changes anything."""
    observations, actions, rewards, positions = [], [], [], []
    for length in lengths:
        steps = rng.normal(size=(length + 1, n_agents, width)) * 0.1
        walk = rng.normal(size=(1, n_agents, width)) + np.cumsum(steps * (not is_constant), axis=0)
        observations.append(rng.normal(size=walk.shape) if is_noise else walk)
        shape = (length, n_agents, n_components) if n_components else (length, n_agents)
        chosen = rng.normal(size=shape) if n_components else rng.integers(n_choices, size=shape)
        actions.append(np.zeros_like(chosen) if is_constant else chosen)
        rewards.append(rng.normal(size=(length, n_agents)).round(3))
        place = np.cumsum(rng.normal(size=(length + 1, n_agents, 2)) * 0.1, axis=0) + 1
        positions.append(np.ones_like(place) if is_constant else place)
    ended = [bool(flag) for flag in rng.integers(2, size=len(lengths))]
    return World(
        observations=[array.astype("f4") for array in observations],
        actions=actions,
        rewards=[array.astype("f4") for array in rewards],
        positions=[array.astype("f4") for array in positions],
        is_terminated=ended,
    )


def joined(worlds):
    """Several worlds of the same team, one after the other."""
    return World(
        observations=[array for world in worlds for array in world.observations],
        actions=[array for world in worlds for array in world.actions],
        rewards=[array for world in worlds for array in world.rewards],
        positions=[array for world in worlds for array in world.positions],
        is_terminated=[flag for world in worlds for flag in world.is_terminated],
    )
