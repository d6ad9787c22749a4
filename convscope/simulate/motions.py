"""Teams of continuous actions and positions, and mixed ones, whose edges are known."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from convscope.simulate.draws import Simulator, Situation, Size, held, situation
from convscope.simulate.situations import EDGE_FREE, WITH_EDGES
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import ACTIONS, ENTITY_POSITIONS, POSITIONS
from convscope.values.header import ActionKind, ActionSpace
from convscope.values.status import Status

_KEEPS = 0.9
_READING_NOISE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Now:
    """What a policy may draw on at a step; E episodes, N agents."""

    step: int
    places: FloatArray
    """Shape (E, N, 2)."""
    before: FloatArray
    """Actions of the step before, shape (E, N, 2)."""


_Policy = Callable[[_Now], FloatArray]


def independent(size: Size, rng: np.random.Generator) -> Situation:
    """Let every agent wander about the origin."""
    return _wandering(size, rng, lambda now: -0.1 * now.places)


def hidden_memory(size: Size, rng: np.random.Generator) -> Situation:
    """Every agent heads for places of its own, for random times, that the log does not show."""
    shape = (*size.shape, 2)
    is_new = rng.random(size.shape) < 0.03
    goals = np.stack([_lasting(rng.normal(size=shape)[..., axis], is_new) for axis in range(2)], axis=-1)
    return _wandering(size, rng, lambda now: 0.3 * (goals[:, now.step] - now.places))


def shared_schedule(size: Size, rng: np.random.Generator) -> Situation:
    """All agents head for the same place in each tenth of an episode; the schedule is the same in all episodes."""
    goals = rng.normal(size=(10, 2))
    return _wandering(size, rng, lambda now: 0.3 * (goals[now.step * 10 // size.n_steps] - now.places))


def episode_layouts(size: Size, rng: np.random.Generator) -> Situation:
    """All agents hover about the same place in an episode, about another one in the next."""
    goals = rng.normal(size=(size.n_episodes, 1, 2))
    return _wandering(size, rng, lambda now: 0.3 * (goals - now.places))


def logged_driver(size: Size, rng: np.random.Generator) -> Situation:
    """All agents chase a thing that the log shows."""
    thing = _wanderer(size, rng)
    return _wandering(size, rng, lambda now: 0.3 * (thing[:, max(now.step - 1, 0)] - now.places), thing=thing)


def unlogged_driver(size: Size, rng: np.random.Generator) -> Situation:
    """All agents chase a thing that the log does not show."""
    thing = _wanderer(size, rng)
    return _wandering(size, rng, lambda now: 0.3 * (thing[:, max(now.step - 1, 0)] - now.places))


def short_episodes(size: Size, rng: np.random.Generator) -> Situation:
    """Ten times as many episodes of a tenth of the length."""
    short = Size(n_agents=size.n_agents, n_episodes=size.n_episodes * 10, n_steps=max(size.n_steps // 10, 2))
    return independent(short, rng)


def dead_agents(size: Size, rng: np.random.Generator) -> Situation:
    """Half of the agents die together, at a time that the log does not show beforehand, and stay where they fell."""
    end = rng.integers(size.n_steps // 4, size.n_steps, size=(size.n_episodes, 1, 1))
    is_dead = (np.arange(size.n_steps)[:, None] >= end) & (rng.random((size.n_episodes, 1, size.n_agents)) < 0.5)
    return _wandering(size, rng, lambda now: -0.1 * now.places, is_dead=is_dead)


def swapped_ids(size: Size, rng: np.random.Generator) -> Situation:
    """Agents of different characters, who sit in other slots in each episode; nothing in the log says so."""
    pull = rng.permuted(np.tile(np.linspace(0.02, 0.6, size.n_agents), (size.n_episodes, 1)), axis=1)
    return _wandering(size, rng, lambda now: -pull[:, :, None] * now.places)


def leader_follower(size: Size, rng: np.random.Generator) -> Situation:
    """Every agent of the second half is drawn to where an agent of the first half is."""
    half = size.n_agents // 2
    return _drawn_to(
        size, rng, np.where(np.arange(size.n_agents) >= half, np.arange(size.n_agents) - half, -1), pull=0.05
    )


def chain(size: Size, rng: np.random.Generator) -> Situation:
    """Every agent but the first is drawn to where the one before it is."""
    return _drawn_to(size, rng, np.arange(size.n_agents) - 1, pull=0.2)


def gate(size: Size, rng: np.random.Generator) -> Situation:
    """Every second agent goes on as before, or turns round, by where the agent before it heads."""

    def policy(now: _Now) -> FloatArray:
        push = -0.1 * now.places
        push[:, 1::2] += 0.5 * np.sign(now.before[:, : 2 * (size.n_agents // 2) : 2, :1]) * now.before[:, 1::2]
        return push

    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    edges[np.arange(1, size.n_agents, 2), np.arange(0, size.n_agents - 1, 2)] = True
    return _wandering(size, rng, policy, edges=edges)


def exclusive_or(size: Size, rng: np.random.Generator) -> Situation:
    """Every third agent heads right where the two before it headed to the same side, else left."""
    receivers = np.arange(2, size.n_agents, 3)

    def policy(now: _Now) -> FloatArray:
        push = -0.1 * now.places
        push[:, receivers, 0] += 0.5 * np.sign(now.before[:, receivers - 2, 0] * now.before[:, receivers - 1, 0])
        return push

    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    edges[receivers, receivers - 1] = edges[receivers, receivers - 2] = True
    return _wandering(size, rng, policy, edges=edges)


def mixed(simulator: Simulator) -> Simulator:
    """Let half of the agents of a situation of choices act by a number: their choice, read with some noise.

    Parameters
    ----------
    simulator
        Its edges remain, as long as no agent is influenced by way of one that acts by numbers.
    """

    def simulate(size: Size, rng: np.random.Generator) -> Situation:
        chosen = simulator(size, rng)
        log = chosen.log
        needed = frozenset(spec.name for spec in log.header.fields)
        (block,) = log.blocks(needed, max_bytes=1 << 40)
        half = size.n_agents // 2
        reads = np.array([(agent + agent // max(half, 1)) % 2 == 1 for agent in range(size.n_agents)])
        noisy = block.columns[ACTIONS] + _READING_NOISE * rng.normal(size=block.columns[ACTIONS].shape)
        actions = np.where(reads[:, None], noisy, block.columns[ACTIONS])
        shape = (log.episodes.n_episodes, -1, size.n_agents)
        others = {name: column for name, column in block.columns.items() if name != ACTIONS}
        made = situation(actions.reshape(shape), edges=chosen.edges, columns=others, status=block.status).log
        number = ActionSpace(kind=ActionKind.CONTINUOUS, width=1)
        agents = [
            replace(agent, action_space=number) if is_number else agent
            for agent, is_number in zip(log.header.agents, reads.tolist(), strict=True)
        ]
        return Situation(log=replace(made, header=replace(made.header, agents=tuple(agents))), edges=chosen.edges)

    return simulate


CONTINUOUS: dict[str, Simulator] = {
    "independent agents": independent,
    "hidden memory": hidden_memory,
    "shared schedule": shared_schedule,
    "layouts per episode": episode_layouts,
    "common driver, logged": logged_driver,
    "common driver, unlogged": unlogged_driver,
    "many short episodes": short_episodes,
    "dead agents": dead_agents,
    "swapped ids": swapped_ids,
    "leader and followers": leader_follower,
    "chain": chain,
    "gate": gate,
    "exclusive or": exclusive_or,
}
"""Actions are pushes in the plane; positions are logged."""
MIXED: dict[str, Simulator] = {
    name: mixed(simulator)
    for name, simulator in {**EDGE_FREE, "leader and followers": WITH_EDGES["leader and followers"]}.items()
}
"""Half of the agents choose, half of them act by numbers."""


def _drawn_to(size: Size, rng: np.random.Generator, leader: IntArray, *, pull: float) -> Situation:
    led = np.flatnonzero(leader >= 0)

    def policy(now: _Now) -> FloatArray:
        push = -0.1 * now.places
        push[:, led] += pull * (now.places[:, leader[led]] - now.places[:, led])
        return push

    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    edges[led, leader[led]] = True
    return _wandering(size, rng, policy, edges=edges)


def _wandering(
    size: Size,
    rng: np.random.Generator,
    policy: _Policy,
    *,
    edges: BoolArray | None = None,
    thing: FloatArray | None = None,
    is_dead: BoolArray | None = None,
) -> Situation:
    shape = (*size.shape, 2)
    noise, places, actions = 0.5 * rng.normal(size=shape), np.empty(shape), np.empty(shape)
    place, before = rng.normal(size=(size.n_episodes, size.n_agents, 2)), np.zeros(shape)[:, 0]
    for step in range(size.n_steps):
        places[:, step] = place
        before = policy(_Now(step=step, places=place, before=before)) + noise[:, step]
        if is_dead is not None:
            before[is_dead[:, step]] = 0.0
        actions[:, step] = before
        place = place + 0.3 * before
    columns = {POSITIONS: places.reshape(-1, size.n_agents, 2)}
    if thing is not None:
        columns[ENTITY_POSITIONS] = thing.reshape(-1, 1, 2)
    status = None
    if is_dead is not None:
        status = np.where(is_dead, Status.DEAD, Status.ACTING).astype(np.uint8).reshape(-1, size.n_agents)
    return situation(actions, edges=edges, columns=columns, status=status)


def _wanderer(size: Size, rng: np.random.Generator) -> FloatArray:
    """Return the places of a thing that is drawn to the origin, shape (E, T, 1, 2)."""
    places = rng.normal(size=(size.n_episodes, size.n_steps, 1, 2))
    for step in range(1, size.n_steps):
        places[:, step] = _KEEPS * places[:, step - 1] + np.sqrt(1 - _KEEPS**2) * places[:, step]
    return places


def _lasting(values: FloatArray, is_new: BoolArray) -> FloatArray:
    """Return values that last until the next new one."""
    number = np.broadcast_to(np.arange(values.shape[1])[None, :, None], values.shape)
    return np.take_along_axis(values, held(number, is_new), axis=1)
