"""Logs of one and the same team, each with what one source of routing needs."""

from collections.abc import Mapping
from enum import Enum

import numpy as np

from convscope.ingest.layout_file import lay_out
from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import Situation, Size
from convscope.simulate.laws import LawMaker
from convscope.simulate.rollouts import Rollout, rolled_out
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import (
    ACTION_PROBABILITIES,
    ACTIONS,
    ATTENTION,
    INTERVENTIONS,
    MESSAGES,
    OBSERVATIONS,
)
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind
from convscope.values.status import Status

_FROZEN_SHARE = 0.08
_NOISE = 0.4
"""Of attention: log-normal, by step and by episode."""


class Favour(Enum):
    """Whom attention favours, all through a log."""

    NOBODY = "nobody"
    SOMEBODY = "somebody"
    """Some more than others, at random: the weights say nothing of influence."""
    SENDERS = "senders"
    """Those that the receiver's policy draws on."""


def log_of_actions(rollout: Rollout) -> Situation:
    """Log the actions, and the world where the law says so."""
    world, field = rollout.law.world, rollout.law.world_field
    if world is None or field is None:
        return _logged(rollout, {})
    n_copies = rollout.law.size.n_agents if field == OBSERVATIONS else 1
    return _logged(rollout, {field: _rows(_for_each(world, n_copies))})


def log_of_probabilities(rollout: Rollout) -> Situation:
    """Log the probabilities that actions were drawn from, too."""
    return _logged(rollout, {ACTION_PROBABILITIES: _rows(rollout.probabilities)})


def log_of_messages(rollout: Rollout) -> Situation:
    """Let all agents say aloud what they do, and log probabilities, too."""
    said = _rows(rollout.actions)[..., None]
    return _logged(rollout, {MESSAGES: said, ACTION_PROBABILITIES: _rows(rollout.probabilities)})


def log_of_observations(rollout: Rollout) -> Situation:
    """Log what agents saw: what each did last, the agent itself first, and the world; its layout is declared."""
    n_agents, n_actions = rollout.probabilities.shape[2:]
    last = np.equal(rollout.before[..., None], np.arange(n_actions)).astype(np.float64)
    world = rollout.law.world
    parts = [last if world is None else np.concatenate([last, _for_each(world, n_agents)], axis=-1)]
    order = [[other for other in range(n_agents) if other != agent] for agent in range(n_agents)]
    parts.append(last[:, :, order].reshape(*last.shape[:3], -1))
    made = _logged(rollout, {OBSERVATIONS: _rows(np.concatenate(parts, axis=-1))})
    names = [agent.name for agent in made.log.header.agents]
    return Situation(log=lay_out(made.log, _layout(names, n_actions, parts[0].shape[-1])), edges=made.edges)


def log_of_attention(rollout: Rollout, rng: np.random.Generator, *, favour: Favour) -> Situation:
    """Log attention that is noise by step and episode, and favours whom it is told to.

    Parameters
    ----------
    rollout
        What the team did.
    rng
        Draws the attention.
    favour
        Whom it favours.
    """
    n_episodes, n_steps, n_agents = rollout.actions.shape
    pairs = (n_agents, n_agents)
    favoured = {
        Favour.NOBODY: np.zeros(pairs),
        Favour.SOMEBODY: rng.normal(size=pairs),
        Favour.SENDERS: 1.0 * rollout.law.edges,
    }[favour]
    scores = favoured + _NOISE * rng.normal(size=(n_episodes, 1, *pairs))
    powers = np.exp(scores + _NOISE * rng.normal(size=(n_episodes, n_steps, *pairs)))
    powers[..., np.eye(n_agents, dtype=np.bool_)] = 0.0
    if rollout.law.is_dead is not None:
        powers *= ~rollout.law.is_dead[:, :, None, :]
    total = powers.sum(axis=-1, keepdims=True)
    weights = np.divide(powers, total, out=np.zeros_like(powers), where=total > 0)
    return _logged(rollout, {ATTENTION: _rows(weights)[:, None]})


def frozen_by_lot(law_of: LawMaker, size: Size, rng: np.random.Generator) -> Situation:
    """Let a team act while agents are frozen by lot, each in each step, and log when.

    Parameters
    ----------
    law_of
        One of `convscope.simulate.laws`.
    size
        How much is simulated.
    rng
        Draws everything.
    """
    law = law_of(size, rng)
    is_frozen: BoolArray = rng.random(law.size.shape) < _FROZEN_SHARE
    if law.is_dead is not None:
        is_frozen &= ~law.is_dead
    return _logged(rolled_out(law, rng, is_frozen=is_frozen), {INTERVENTIONS: _rows(is_frozen)}, is_random=True)


def _logged(rollout: Rollout, columns: Mapping[str, FloatArray], *, is_random: bool = False) -> Situation:
    n_episodes, n_steps, n_agents = rollout.actions.shape
    is_dead = rollout.law.is_dead
    log = log_from_arrays(
        {ACTIONS: _rows(rollout.actions)[..., None], **columns},
        [n_steps] * n_episodes,
        [f"agent_{number}" for number in range(n_agents)],
        status=None if is_dead is None else np.where(_rows(is_dead), Status.DEAD, Status.ACTING).astype(np.uint8),
        interventions_randomized=is_random,
    )
    return Situation(log=log, edges=rollout.law.edges)


def _rows(values: FloatArray | IntArray | BoolArray) -> FloatArray:
    return np.asarray(values.reshape(-1, *values.shape[2:]), dtype=np.float64)


def _for_each(world: FloatArray, n_agents: int) -> FloatArray:
    return np.repeat(world[:, :, None], n_agents, axis=2)


def _layout(names: list[str], n_actions: int, n_before: int) -> ObservationLayout:
    slots = tuple(
        Slot(kind=SlotKind.OTHER, rank=rank + 1, columns=tuple(range(first, first + n_actions)))
        for rank, first in enumerate(range(n_before, n_before + n_actions * (len(names) - 1), n_actions))
    )
    own, world = tuple(range(n_actions)), tuple(range(n_actions, n_before))
    return ObservationLayout(
        receivers=(ReceiverLayout(name="all", agents=tuple(names), own=own, world=world, slots=slots),)
    )
