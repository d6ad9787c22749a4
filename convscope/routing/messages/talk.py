"""A run's messages and actions as symbols, every episode on one grid of timesteps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.messages.reading import Heard
from convscope.routing.messages.symbols import Symbols, symbols
from convscope.values.arrays import BoolArray, FloatArray, IntArray

_REACHED_BY = 0.75
"""Share of the episodes that reach a timestep which is measured."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Talk:
    """One run; -1 and NaN where there is nothing, after the end of an episode too."""

    messages: Symbols
    """Shape (E, T, N)."""
    actions: Symbols
    """Shape (E, T, N)."""
    policies: FloatArray | None
    """Probabilities of the log's actions, shape (E, T, N, A); None where none are logged."""
    law: FloatArray | None
    """Probability of each message where it is a part of the sender's action and probabilities are logged, shape (E, T,
    N, message); NaN where that is not so."""
    is_part_of_action: BoolArray
    """Whether an agent's action fixes its message, shape (N,)."""
    conditions: IntArray
    """Condition of each episode: a shuffle stays within them, shape (E,)."""
    n_left_out: int
    """Timesteps of the longest episode that too few others reach."""

    def is_speaker(self, agent: int) -> bool:
        """Whether an agent sends messages that differ."""
        own = self.messages.codes[..., agent]
        return len(np.unique(own[own >= 0])) > 1


def talk(episodes: Sequence[Heard], conditions: IntArray) -> Talk:
    """Return the talk of a run.

    Parameters
    ----------
    episodes
        At least one. A single set of symbols serves all agents of the run.
    conditions
        Of each of them, shape (E,).
    """
    lengths = [len(episode.messages) for episode in episodes]
    # An exchange of whole episodes only speaks of timesteps that both reach.
    n_steps = max(int(np.quantile(lengths, 1 - _REACHED_BY, method="lower")), 1)
    messages = symbols(_grid([episode.messages for episode in episodes], n_steps))
    raw = _grid([episode.actions for episode in episodes], n_steps)
    actions = symbols(raw)
    logged = [episode.policies for episode in episodes if episode.policies is not None]
    policies = _grid(logged, n_steps) if logged else None
    is_part = np.array([_fixes(actions, messages, agent) for agent in range(raw.shape[2])])
    law = None if policies is None else _law(raw[..., 0], messages, policies, is_part=is_part)
    return Talk(
        messages=messages,
        actions=actions,
        policies=policies,
        law=law,
        is_part_of_action=is_part,
        conditions=conditions,
        n_left_out=max(lengths) - n_steps,
    )


def _grid(parts: Sequence[FloatArray], n_steps: int) -> FloatArray:
    grid = np.full((len(parts), n_steps, *parts[0].shape[1:]), np.nan)
    for place, part in enumerate(parts):
        grid[place, : len(part)] = part[:n_steps]
    return grid


def _fixes(actions: Symbols, messages: Symbols, agent: int) -> bool:
    acted, sent = actions.codes[..., agent].ravel(), messages.codes[..., agent].ravel()
    is_known = (acted >= 0) & (sent >= 0)
    if actions.is_cut or messages.is_cut or not is_known.any():
        return False
    pairs = np.unique(np.column_stack([acted, sent])[is_known], axis=0)
    return len(np.unique(pairs[:, 1])) > 1 and len(pairs) == len(np.unique(pairs[:, 0]))


def _law(actions: FloatArray, messages: Symbols, policies: FloatArray, *, is_part: BoolArray) -> FloatArray:
    law = np.full((*messages.codes.shape, messages.n), np.nan)
    for agent in np.flatnonzero(is_part).tolist():
        acted, sent = actions[..., agent], messages.codes[..., agent]
        is_known = (sent >= 0) & np.isfinite(policies[..., agent, :]).all(axis=-1)
        sends = np.zeros((policies.shape[-1], messages.n))
        sends[acted[is_known].astype(np.int64), sent[is_known]] = 1.0
        chances = np.where(is_known[..., None], policies[..., agent, :], np.nan) @ sends
        law[..., agent, :] = chances / np.where(chances.sum(axis=-1) > 0, chances.sum(axis=-1), np.nan)[..., None]
    return law


def one_hot(codes: IntArray, n: int) -> FloatArray:
    """Return 1 for each code, zeros for -1, shape (..., n)."""
    return np.equal(codes[..., None], np.arange(n)).astype(np.float64)
