"""The groups of agents in TorchRL's environments, and what a TensorDict holds of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from convscope.errors import UsageError
from convscope.recording.captured import numbers_of
from convscope.recording.episode import Numbers
from convscope_loaders.recorders.tensordict_types import Environment, Key, TensorDict

Column: TypeAlias = Numbers | dict[str, Numbers]
"""Of all agents in their order, on the axis after the leading ones; or of each agent by name."""
Part: TypeAlias = tuple[tuple[str, ...], Numbers]
"""Agents, and an array with them on the axis after the leading ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Agents whose entries stand together."""

    name: str
    agents: tuple[str, ...]

    def parts(self, rows: TensorDict, key: Key) -> list[Part]:
        """Return what a TensorDict holds of the agents under a key within the group; nothing where it lacks the key."""
        own = rows.get(self.name, None)
        if own is None:
            return []
        rank = rows.batch_dims
        if type(own).__name__ != "LazyStackedTensorDict":
            found = own.get(key, None)
            return [] if found is None else [(self.agents, numbers_of(found))]
        # Agents whose entries have different shapes.
        singles = zip(self.agents, own.unbind(rank), strict=True)
        found_of = {agent: of_agent.get(key, None) for agent, of_agent in singles}
        return [((agent,), numbers_of(found.unsqueeze(rank))) for agent, found in found_of.items() if found is not None]


def groups_of(env: Environment) -> tuple[Group, ...]:
    """Return the groups of an environment.

    Raises
    ------
    UsageError
        If it has none.
    """
    found = getattr(env, "group_map", None)
    # Environments that run in several workers answer one by one.
    maps: list[Mapping[str, Sequence[str]]] = [found] if isinstance(found, Mapping) else list(found or ())
    if not maps or any(dict(other) != dict(maps[0]) for other in maps):
        raise UsageError(
            f"{type(env).__name__} has no group_map that says which agents there are; record it with "
            "convscope.record.Recorder (docs/recording.md)"
        )
    return tuple(Group(name=name, agents=tuple(agents)) for name, agents in maps[0].items())


def side_by_side(found: Sequence[Sequence[Part]], rank: int) -> list[Part]:
    """Return the entries of several keys as one, each a flat row, one after the other.

    Parameters
    ----------
    found
        By key, the parts of the same agents.
    rank
        Leading axes.
    """
    rows: list[Part] = []
    for parts in zip(*found, strict=True):
        flat = [values.reshape(*values.shape[: rank + 1], -1) for _, values in parts]
        rows.append((parts[0][0], np.concatenate(flat, axis=-1)))
    return rows


def together(parts: Sequence[Part], agents: tuple[str, ...], rank: int) -> Column | None:
    """Put arrays into one, if they are of all agents and alike; None where there are none.

    Parameters
    ----------
    parts
        Of some or all agents.
    agents
        All of them.
    rank
        Leading axes.
    """
    if not parts:
        return None
    named = tuple(agent for of_part, _ in parts for agent in of_part)
    if named == agents and len({values.shape[rank + 1 :] for _, values in parts}) == 1:
        return parts[0][1] if len(parts) == 1 else np.concatenate([values for _, values in parts], axis=rank)
    return {
        agent: np.take(values, place, axis=rank) for of_part, values in parts for place, agent in enumerate(of_part)
    }
