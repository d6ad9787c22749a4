"""Fourteen laws of teams that choose: ten without influence, made to look like it, and four with influence."""

from collections.abc import Callable

import numpy as np

from convscope.simulate.draws import N_ACTIONS, Size, before, drawn, held
from convscope.simulate.rollouts import Law, mixture
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import ENTITY_POSITIONS, OBSERVATIONS

LawMaker = Callable[[Size, np.random.Generator], Law]
_SHORT = 10
"""How many short episodes stand for one of the given length."""


def independent(size: Size, rng: np.random.Generator) -> Law:
    """Let every agent keep its last action or draw a new one."""
    del rng
    return _own(size, lambda _, last: _mixed(size, (0.5, last)))


def hidden_memory(size: Size, rng: np.random.Generator) -> Law:
    """Every agent follows an option of random length that the log does not show, half of the time."""
    option = held(drawn(size, rng), rng.random(size.shape) < 0.03)
    return _own(size, lambda step, _: _mixed(size, (0.5, option[:, step])))


def shared_schedule(size: Size, rng: np.random.Generator) -> Law:
    """All agents favour the same action in each tenth of an episode; the schedule is the same in all episodes."""
    schedule = rng.integers(N_ACTIONS, size=10)
    tenth = np.arange(size.n_steps) * 10 // size.n_steps
    clock = np.broadcast_to(_one_hot(tenth, 10), (size.n_episodes, size.n_steps, 10))
    return _own(size, lambda step, _: _mixed(size, (0.5, schedule[tenth[step]])), world=clock)


def episode_layouts(size: Size, rng: np.random.Generator) -> Law:
    """All agents favour the same action in an episode, another one in the next."""
    layout = rng.integers(N_ACTIONS, size=(size.n_episodes, 1))
    world = np.repeat(_one_hot(layout, N_ACTIONS), size.n_steps, axis=1)
    return _own(size, lambda *_: _mixed(size, (0.35, layout)), world=world)


def logged_driver(size: Size, rng: np.random.Generator) -> Law:
    """All agents follow a thing that the log shows, half of them a step later than the others."""
    driver = _driver(size, rng)
    cue = np.where(np.arange(size.n_agents) < size.n_agents / 2, before(driver, 1), before(driver, 2))
    world = _one_hot(driver[:, :, 0], N_ACTIONS - 1)
    return _own(size, _following(size, cue), world=world, world_field=ENTITY_POSITIONS)


def unlogged_driver(size: Size, rng: np.random.Generator) -> Law:
    """All agents follow a thing that the log does not show: no test of trajectories can tell it from influence."""
    return _own(size, _following(size, before(_driver(size, rng), 1)))


def short_episodes(size: Size, rng: np.random.Generator) -> Law:
    """Ten times as many episodes, a tenth as long, each begun with what another agent did last in the one before.

    Whoever puts the episodes one behind the other finds a ring of influence.
    """
    del rng
    short = Size(n_agents=size.n_agents, n_episodes=size.n_episodes * _SHORT, n_steps=max(size.n_steps // _SHORT, 2))
    return _own(short, lambda _, last: _mixed(short, (0.5, last)), carries_over=True)


def dead_agents(size: Size, rng: np.random.Generator) -> Law:
    """Agents die in waves that the log does not show, and the dead log action 0, which the living never take."""
    wave = rng.integers(size.n_steps // 4, size.n_steps, size=(size.n_episodes, 2))
    fate = rng.integers(3, size=(size.n_episodes, size.n_agents))
    end = np.column_stack([wave, np.full(size.n_episodes, size.n_steps)])
    is_dead = np.arange(size.n_steps)[None, :, None] >= np.take_along_axis(end, fate, axis=1)[:, None, :]

    def policy(_: int, last: IntArray) -> FloatArray:
        living = mixture(N_ACTIONS - 1, last.shape, (0.5, np.maximum(last - 1, 0)))
        return np.concatenate([np.zeros((*last.shape, 1)), living], axis=-1)

    return _own(size, policy, is_dead=is_dead)


def swapped_ids(size: Size, rng: np.random.Generator) -> Law:
    """Agents of different characters, who sit in other slots in each episode; nothing in the log says so."""
    likes = rng.integers(N_ACTIONS, size=size.n_agents)
    slots = rng.permuted(np.tile(np.arange(size.n_agents), (size.n_episodes, 1)), axis=1)
    keeps = np.linspace(0.2, 0.9, size.n_agents)[slots]
    return _own(size, lambda _, last: _mixed(size, (keeps, last), (0.4 * (1 - keeps), likes[slots])))


def shared_policy(size: Size, rng: np.random.Generator) -> Law:
    """All agents see the same observation and draw from the same policy."""
    shape = (size.n_episodes, size.n_steps)
    seen = held(rng.integers(10, size=shape), rng.random(shape) < 0.5)
    favoured = rng.integers(N_ACTIONS, size=10)[seen]
    return _own(
        size,
        lambda step, _: _mixed(size, (0.6, favoured[:, step, None])),
        world=_one_hot(seen, 10),
        world_field=OBSERVATIONS,
    )


def leader_follower(size: Size, rng: np.random.Generator, *, share: float = 0.06) -> Law:
    """Let the second half of the agents copy, now and then, what an agent of the first half did last.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Not needed.
    share
        Share of steps at which a follower copies.
    """
    del rng
    leader = np.arange(size.n_agents) - size.n_agents // 2
    return _copying(size, np.where(leader >= 0, leader, -1), share=share)


def chain(size: Size, rng: np.random.Generator) -> Law:
    """Every agent but the first copies the one before it: none beyond the next is influenced."""
    del rng
    return _copying(size, np.arange(size.n_agents) - 1, share=0.4)


def gate(size: Size, rng: np.random.Generator) -> Law:
    """Every second agent moves on from its own last action while the agent before it allows it, else it stays.

    What the sender does makes none of the receiver's actions more frequent: only what follows what.
    """
    del rng
    senders = np.arange(0, size.n_agents - 1, 2)
    share = np.where(np.isin(np.arange(size.n_agents), senders + 1), 0.4, 0.0)

    def policy(_: int, last: IntArray) -> FloatArray:
        is_open = np.zeros(last.shape, dtype=np.int64)
        is_open[:, senders + 1] = last[:, senders] < N_ACTIONS // 2
        return _mixed(size, (share, (last + is_open) % N_ACTIONS))

    return Law(size=size, policy=policy, edges=_edges(size, senders + 1, senders))


def exclusive_or(size: Size, rng: np.random.Generator) -> Law:
    """Every third agent does, with some noise, whether the two before it differed; neither alone tells anything."""
    del rng
    receivers = np.arange(2, size.n_agents, 3)
    share = np.where(np.isin(np.arange(size.n_agents), receivers), 0.4, 0.0)

    def policy(_: int, last: IntArray) -> FloatArray:
        differ = np.zeros(last.shape, dtype=np.int64)
        differ[:, receivers] = last[:, receivers - 2] ^ last[:, receivers - 1]
        return mixture(2, last.shape, (share, differ))

    edges = _edges(size, receivers, receivers - 2) | _edges(size, receivers, receivers - 1)
    return Law(size=size, policy=policy, edges=edges)


WITHOUT_EDGES: dict[str, LawMaker] = {
    "independent agents": independent,
    "hidden memory": hidden_memory,
    "shared schedule": shared_schedule,
    "layouts per episode": episode_layouts,
    "common driver, logged": logged_driver,
    "common driver, unlogged": unlogged_driver,
    "many short episodes": short_episodes,
    "dead agents": dead_agents,
    "swapped ids": swapped_ids,
    "same policy, same observation": shared_policy,
}
"""A test of level .05 must find no more than its share, or refuse."""
WITH_EDGES: dict[str, LawMaker] = {
    "leader and followers": leader_follower,
    "chain": chain,
    "gate": gate,
    "exclusive or": exclusive_or,
}
"""A test must find the edges, and no indirect ones."""


def _own(
    size: Size,
    policy: Callable[[int, IntArray], FloatArray],
    *,
    world: FloatArray | None = None,
    world_field: str | None = None,
    is_dead: BoolArray | None = None,
    carries_over: bool = False,
) -> Law:
    return Law(
        size=size,
        policy=policy,
        edges=np.zeros((size.n_agents, size.n_agents), dtype=np.bool_),
        world=world,
        world_field=world_field,
        is_dead=is_dead,
        carries_over=carries_over,
    )


def _mixed(size: Size, *parts: tuple[FloatArray | float, IntArray]) -> FloatArray:
    return mixture(N_ACTIONS, (size.n_episodes, size.n_agents), *parts)


def _following(size: Size, cue: IntArray) -> Callable[[int, IntArray], FloatArray]:
    return lambda step, last: _mixed(size, (0.3, cue[:, step]), (0.7 * 0.3, last))


def _driver(size: Size, rng: np.random.Generator) -> IntArray:
    shape = (size.n_episodes, size.n_steps, 1)
    return held(rng.integers(N_ACTIONS, size=shape), rng.random(shape) < 0.4)


def _copying(size: Size, leader: IntArray, *, share: float) -> Law:
    """Every agent keeps its action, draws a new one, or copies its leader."""
    copies = np.where(leader >= 0, share, 0.0)
    followers = np.flatnonzero(leader >= 0)

    def policy(_: int, last: IntArray) -> FloatArray:
        return _mixed(size, (copies, last[:, np.maximum(leader, 0)]), (0.4 * (1 - copies), last))

    return Law(size=size, policy=policy, edges=_edges(size, followers, leader[followers]))


def _edges(size: Size, receivers: IntArray, senders: IntArray) -> BoolArray:
    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    edges[receivers, senders] = True
    return edges


def _one_hot(codes: IntArray, n: int) -> FloatArray:
    return np.equal(codes[..., None], np.arange(n)).astype(np.float64)
