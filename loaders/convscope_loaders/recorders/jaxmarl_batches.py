"""What a rollout of JaxMARL hands to the host in each step, as columns of its environments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import GivenColumn, Numbers
from convscope.values.arrays import BoolArray
from convscope.values.fields import Level

ALL = "__all__"
_COUNTERS = ("step", "time", "t", "timestep")
"""Names of the environments' own count of steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How many environments there are in a batch, and which agents each has."""

    agents: tuple[str, ...]
    n_envs: int
    has_axis: bool
    """Whether there is an axis of environments; a rollout of a single one has none."""

    def of_agents(self, name: str, values: Any) -> GivenColumn:  # noqa: ANN401  what JAX hands over
        """Return values of agents, environments first.

        Parameters
        ----------
        name
            For errors.
        values
            An array for each agent; or one of all actors as JaxMARL folds them, the environments of the first agent
            first.

        Raises
        ------
        UsageError
            If they are of other agents, or of another number of actors.
        """
        if isinstance(values, Mapping):
            missing = [agent for agent in self.agents if agent not in values]
            if missing:
                raise UsageError(f"{name} has no {', '.join(missing)}; its entries are {', '.join(map(str, values))}")
            columns = {agent: self.of_envs(name, values[agent]) for agent in self.agents}
            is_alike = len({column.shape for column in columns.values()}) == 1
            return np.stack(list(columns.values()), axis=1) if is_alike else columns
        array, n_agents = np.asarray(values), len(self.agents)
        if array.shape[:1] != (n_agents * self.n_envs,):
            raise UsageError(
                f"{name} has shape {array.shape}; expected an array for each agent, or one of {n_agents * self.n_envs} "
                f"actors ({n_agents} agents times {self.n_envs} environments)"
            )
        return array.reshape(n_agents, self.n_envs, *array.shape[1:]).swapaxes(0, 1)

    def of_envs(self, name: str, values: Any) -> Numbers:  # noqa: ANN401  as above
        """Return values of environments.

        Raises
        ------
        UsageError
            If they are of another number of environments.
        """
        array = np.asarray(values)
        array = array if self.has_axis else array[np.newaxis]
        if array.shape[:1] != (self.n_envs,):
            raise UsageError(f"{name} has shape {array.shape}; expected {self.n_envs} environments as first axis")
        return array

    def of_places(self, values: Any) -> GivenColumn:  # noqa: ANN401  as above
        """Return positions, which are by agent, or have environments and then agents as first axes."""
        return self.of_agents("positions", values) if isinstance(values, Mapping) else self.of_envs("positions", values)

    def column(self, name: str, level: Level, values: Any) -> GivenColumn:  # noqa: ANN401  as above
        """Return values as a column of a level."""
        return self.of_agents(name, values) if level is Level.AGENT else self.of_envs(name, values)

    def flags(self, name: str, values: Any) -> tuple[BoolArray, BoolArray]:  # noqa: ANN401  as above
        """Return flags of environments, shape (E,), and of agents, shape (E, N)."""
        own = np.asarray(self.of_agents(name, values)) != 0
        is_all = isinstance(values, Mapping) and ALL in values
        return self.of_envs(name, values[ALL]) != 0 if is_all else own.all(axis=1), own


def shape_of(batch: Mapping[str, Any], agents: Sequence[str]) -> Shape:
    """Return the shape of a batch, as its rewards tell it.

    Raises
    ------
    UsageError
        If they do not.
    """
    rewards: Any = batch["rewards"]
    is_folded = not isinstance(rewards, Mapping)
    shape: tuple[int, ...] = np.shape(rewards if is_folded else rewards.get(agents[0], ()))
    n_actors = len(agents) if is_folded else 1
    if len(shape) > 1 or (is_folded and not shape) or any(size % n_actors for size in shape):
        raise UsageError(
            f"rewards of shape {shape} are not those of one step of {len(agents)} agents: hand over the batch of each "
            "step, of all environments"
        )
    return Shape(agents=tuple(agents), n_envs=sum(shape) // n_actors if shape else 1, has_axis=bool(shape))


def counter_of(state: object) -> Any:  # noqa: ANN401  as above
    """Return the environments' own count of steps; None where the state has none."""
    for name in _COUNTERS:
        found = getattr(state, name, None)
        if found is not None:
            return found
    inner = getattr(state, "env_state", None)  # inside of what wrappers add
    return None if inner is None else counter_of(inner)
