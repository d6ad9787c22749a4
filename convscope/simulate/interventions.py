"""Teams that somebody experiments on: influence is known, and so is all that may pass for it.

A thing and options that the log does not show move all agents, a schedule is common to all episodes, and some agents
copy, now and then, what their leader did last.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from convscope.simulate.draws import N_ACTIONS, Situation, Size, edges_from, held, leaders, situation
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import INTERVENTIONS, PAIR_INTERVENTIONS

_FROZEN = 0


class Way(StrEnum):
    """How interventions are assigned."""

    COIN = "a coin each step"
    """Each agent, each step."""
    LATE = "a coin, more often late"
    BLOCK = "one stretch an episode"
    """Of one agent, at a random time."""
    EPISODE = "whole episodes"
    """One agent, or none."""
    STATE = "by the state"
    """Where the hidden thing has one of its values: no experiment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What is done to whom."""

    way: Way = Way.COIN
    n_edges: int = 0
    """Agents that copy another one."""
    copies: float = 0.25
    """How often."""
    rare: float | None = None
    """Share of the steps at which each agent takes the last action, by itself; None for as often as the others."""
    cuts_channels: bool = False
    """Whether single channels are cut, instead of agents frozen."""


def experiment(size: Size, rng: np.random.Generator, *, how: Experiment) -> Situation:
    """Simulate a team under interventions.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws everything.
    how
        What is done to whom.
    """
    leader = leaders(size.n_agents, how.n_edges, rng)
    thing = held(rng.integers(N_ACTIONS, size=size.shape[:2]), rng.random(size.shape[:2]) < 0.3)
    flags = _flags(size, rng, thing, how=how)
    actions = _rollout(size, rng, leader, thing=thing, flags=flags, how=how)
    name = PAIR_INTERVENTIONS if how.cuts_channels else INTERVENTIONS
    columns = {name: flags.reshape(-1, *flags.shape[2:]).astype(np.float64)}
    return situation(actions, edges=edges_from(leader), columns=columns)


def _rollout(
    size: Size, rng: np.random.Generator, leader: IntArray, *, thing: IntArray, flags: BoolArray, how: Experiment
) -> IntArray:
    schedule = rng.integers(N_ACTIONS, size=10)[np.arange(size.n_steps) * 10 // size.n_steps]
    option = held(rng.integers(N_ACTIONS, size=size.shape), rng.random(size.shape) < 0.05)
    kind = rng.random(size.shape)
    actions = np.where(kind < 0.25, thing[:, :, None], np.where(kind < 0.5, option, schedule[None, :, None]))
    actions = np.where(kind > 0.7, rng.integers(N_ACTIONS, size=size.shape), actions)
    if how.rare is not None:
        is_rare = rng.random(size.shape) < how.rare
        actions = np.where(is_rare, N_ACTIONS - 1, np.minimum(actions, N_ACTIONS - 2))
    is_copying = (rng.random(size.shape) < how.copies) & (leader >= 0)
    for step in range(size.n_steps):
        if step:
            cue = actions[:, step - 1][:, np.maximum(leader, 0)]
            is_open = is_copying[:, step]
            if how.cuts_channels:
                is_open = is_open & ~flags[:, step][:, np.arange(size.n_agents), np.maximum(leader, 0)]
            actions[:, step] = np.where(is_open, cue, actions[:, step])
        if not how.cuts_channels:
            actions[:, step] = np.where(flags[:, step], _FROZEN, actions[:, step])
    return actions


def _flags(size: Size, rng: np.random.Generator, thing: IntArray, *, how: Experiment) -> BoolArray:
    """Return who is intervened on, shape (E, T, N) or (E, T, receiver, sender)."""
    n_episodes, n_steps, n_agents = size.shape
    n_targets = n_agents**2 if how.cuts_channels else n_agents
    shape = (n_episodes, n_steps, n_targets)
    steps = np.arange(n_steps)[None, :, None]
    one = rng.integers(n_targets, size=(n_episodes, 1, 1)) == np.arange(n_targets)
    chance_of: dict[Way, FloatArray] = {
        Way.COIN: np.full(1, 0.08),
        Way.LATE: 0.16 * steps / n_steps,
        Way.STATE: np.where(thing == 0, 0.3, 0.02)[..., None],
    }
    if how.way is Way.BLOCK:
        start = rng.integers(n_steps, size=(n_episodes, 1, 1))
        flags = one & (steps >= start) & (steps < start + n_steps // 5)
    elif how.way is Way.EPISODE:
        flags = one & (rng.random((n_episodes, 1, 1)) < 0.7) & (steps >= 0)
    else:
        flags = rng.random(shape) < chance_of[how.way]
    cut: BoolArray = flags.reshape(n_episodes, n_steps, n_agents, -1) if how.cuts_channels else flags
    return cut
