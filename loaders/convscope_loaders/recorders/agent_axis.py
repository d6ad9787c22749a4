"""Values of several agents in one: arrays with an agent axis, tuples and mappings of arrays."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convscope.errors import UsageError
from convscope.recording.spaces import action_space_of, first_action
from convscope.values.header import ActionKind, ActionSpace

Numbers: TypeAlias = npt.NDArray[Any]
ByAgent: TypeAlias = Numbers | dict[str, Numbers]
"""(B, N, ...), or (B, ...) of each agent."""


def agent_names(space: object, given: Sequence[str]) -> tuple[str, ...] | None:
    """Return the names of the agents: as given, the keys of a mapping of spaces, or numbered for a tuple of them."""
    spaces = getattr(space, "spaces", None)
    if given:
        return tuple(given)
    if isinstance(spaces, Mapping):
        return tuple(str(name) for name in spaces)
    return tuple(f"agent_{slot}" for slot in range(len(spaces))) if isinstance(spaces, Sequence) else None


def action_spaces(space: object, agents: Sequence[str]) -> dict[str, ActionSpace]:
    """Return the action space of each agent, from that of all of them.

    Raises
    ------
    UsageError
        If it has no axis of so many agents.
    """
    spaces, nvec, shape = (getattr(space, name, None) for name in ("spaces", "nvec", "shape"))
    if isinstance(spaces, Mapping) and len(spaces) == len(agents):
        return {agent: action_space_of(own) for agent, own in zip(agents, spaces.values(), strict=True)}
    if isinstance(spaces, Sequence) and len(spaces) == len(agents):
        return {agent: action_space_of(own) for agent, own in zip(agents, spaces, strict=True)}
    if nvec is not None and len(nvec) == len(agents):
        sizes = [tuple(int(n) for n in np.ravel(own)) for own in nvec]
        kind = ActionKind.DISCRETE if len(sizes[0]) == 1 else ActionKind.MULTI_DISCRETE
        return {a: ActionSpace(kind=kind, n=own, width=len(own)) for a, own in zip(agents, sizes, strict=True)}
    if nvec is None and shape and shape[0] == len(agents):
        width = int(np.prod(shape[1:]))
        return {agent: ActionSpace(kind=ActionKind.CONTINUOUS, width=width) for agent in agents}
    raise UsageError(
        f"the actions of {space} have no axis of {len(agents)} agents; name as many agents as there are (agents=[...])"
    )


def first_actions(space: object, agents: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the number that the environment gives each agent's first action, shape (N,); a log counts from 0."""
    spaces = getattr(space, "spaces", None)
    own = tuple(spaces.values()) if isinstance(spaces, Mapping) else spaces
    if own is not None:
        return np.array([first_action(each) for each in own], np.int64)
    start = np.asarray(getattr(space, "start", 0))
    return np.broadcast_to(start if start.ndim < 2 else start[:, 0], (len(agents),)).astype(np.int64)


def by_agent(values: Any, agents: Sequence[str], what: str) -> ByAgent:  # noqa: ANN401  what an environment hands over
    """Return a copy of values with the axes of environments and of agents first.

    Parameters
    ----------
    values
        (B, N, ...), or a tuple, list or mapping with (B, ...) for each agent.
    agents
        Their names.
    what
        What the values are, for errors.

    Raises
    ------
    UsageError
        If there are values of another number of agents.
    """
    if isinstance(values, Mapping):
        parts = [np.array(values[agent]) for agent in agents]
    elif isinstance(values, tuple | list) and len(values) == len(agents) and np.ndim(values[0]) > 0:
        parts = [np.array(part) for part in values]
    else:
        array = np.array(values)
        if array.ndim < 2 or array.shape[1] != len(agents):
            raise UsageError(f"{what} have shape {array.shape}; expected environments and {len(agents)} agents first")
        return array
    shapes = {part.shape for part in parts}
    return np.stack(parts, axis=1) if len(shapes) == 1 else dict(zip(agents, parts, strict=True))


def one_environment(values: Any) -> Any:  # noqa: ANN401  what an environment hands over
    """Return a copy of what one environment hands over, as if it were several."""
    if isinstance(values, Mapping):
        return {name: one_environment(part) for name, part in values.items()}
    if isinstance(values, tuple | list) and any(np.ndim(part) for part in values):
        return tuple(one_environment(part) for part in values)
    return np.array(values)[np.newaxis]


def with_environment(values: ByAgent, env: int, own: ByAgent) -> ByAgent:
    """Return values of several environments, with those of one replaced by what stands in a batch of its own."""
    if isinstance(values, dict) and isinstance(own, dict):
        return {agent: _replaced(part, env, own[agent]) for agent, part in values.items()}
    return _replaced(np.asarray(values), env, np.asarray(own))


def _replaced(values: Numbers, env: int, own: Numbers) -> Numbers:
    replaced = values.copy()
    replaced[env] = own[0]
    return replaced
