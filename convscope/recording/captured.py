"""What modules of a policy gave out, as columns of the agents that acted."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convscope.recording.episode import Numbers
from convscope.values.fields import ATTENTION, HIDDEN_STATES, Level


def chosen_output(field: str, module: object, output: Any) -> Any:  # noqa: ANN401  what any module gives out
    """Return the part of a module's output that a field is.

    Of a recurrent module, its hidden state in the last layer; of a module with attention, the part that is square. Of
    anything else that gives out several things, the first.
    """
    if field == ATTENTION:
        parts = [output] if not isinstance(output, tuple | list) else output
        shapes: list[tuple[int, ...]] = [tuple(getattr(part, "shape", ())) for part in parts]
        square = [p for p, shape in zip(parts, shapes, strict=True) if len(shape) >= 2 and shape[-1] == shape[-2]]
        return square[0] if len(square) == 1 else (parts[0] if len(parts) == 1 else None)
    kind = type(module).__name__
    if field == HIDDEN_STATES and kind in {"LSTM", "GRU", "RNN"}:
        return output[1][0][-1] if kind == "LSTM" else output[1][-1]
    return output[0] if isinstance(output, tuple | list) else output


def numbers_of(values: Any) -> Numbers:  # noqa: ANN401  a tensor of any library
    """Return a copy of a tensor as an array, wherever the tensor lies; or of what numpy takes."""
    if not hasattr(values, "detach"):
        return np.array(values)
    tensor = values.detach().cpu()
    # Of bfloat16 numpy knows nothing.
    return np.array((tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy())


def of_agents(
    field: str, level: Level, outputs: Sequence[Numbers], *, actors: Sequence[str], agents: Sequence[str]
) -> dict[str, Numbers] | Numbers | None:
    """Return a column of one step.

    Parameters
    ----------
    field, level
        What it is.
    outputs
        Of the module since the step before: one for all actors, or one for each, in their order.
    actors
        Agents that act, in the order in which the policy sees them.
    agents
        All agents, in the order of the agent axis.

    Returns
    -------
    dict, NDArray or None
        By agent; an array with all agents as receivers and senders for pairs; None where the outputs are neither.
    """
    if level is Level.PAIR:
        return _pairs(field, outputs, actors, agents=agents)
    if level is Level.TEAM:
        return outputs[-1]
    n_actors = len(actors)
    if len(outputs) == n_actors:
        return {agent: output.reshape(-1) for agent, output in zip(actors, outputs, strict=True)}
    values = outputs[0]
    while values.ndim > 1 and values.shape[0] == 1:
        values = values[0]
    is_fitting = len(outputs) == 1 and values.shape[:1] == (n_actors,)
    return dict(zip(actors, values, strict=True)) if is_fitting else None


def of_environments(level: Level, outputs: Sequence[Numbers], *, n_envs: int, n_agents: int) -> Numbers | None:
    """Return a column of one step of several environments, their axis first; None where the output is none.

    Parameters
    ----------
    level
        Of the column.
    outputs
        Of the module since the step before: one for all environments and agents. Environments come before agents where
        both share an axis.
    n_envs, n_agents
        How many there are.
    """
    if len(outputs) != 1:
        return None
    (values,) = outputs
    if level is Level.PAIR:
        return values if values.shape[0] == n_envs and values.shape[-2:] == (n_agents, n_agents) else None
    if level is Level.TEAM:
        return values if values.shape[0] == n_envs else None
    if values.shape[:2] == (n_envs, n_agents):
        return values
    is_folded = values.shape[:1] == (n_envs * n_agents,)
    return values.reshape(n_envs, n_agents, *values.shape[1:]) if is_folded else None


def _pairs(field: str, outputs: Sequence[Numbers], actors: Sequence[str], *, agents: Sequence[str]) -> Numbers | None:
    n_actors, n_agents = len(actors), len(agents)
    values = outputs[0]
    if len(outputs) > 1:  # a row of each receiver
        rows = [np.atleast_2d(np.squeeze(output)) for output in outputs]
        if len(outputs) != n_actors or len({row.shape for row in rows}) != 1:
            return None
        values = np.stack(rows, axis=-2)
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    if field == ATTENTION and values.ndim == 2:
        values = values[np.newaxis]
    if values.shape[-2:] == (n_agents, n_agents):
        return values
    if values.shape[-2:] != (n_actors, n_actors):
        return None
    slots = np.array([list(agents).index(agent) for agent in actors])
    every = np.full((*values.shape[:-2], n_agents, n_agents), np.nan, np.result_type(values.dtype, np.float16))
    every[..., slots[:, np.newaxis], slots] = values
    return every
