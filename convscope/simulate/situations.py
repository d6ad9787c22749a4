"""Logs of discrete actions whose edges are known: what a test of influence must and must not find.

An edge is there if and only if the sender's past enters the receiver's next action.
"""

import numpy as np

from convscope.simulate.draws import N_ACTIONS, Simulator, Situation, Size, before, drawn, held, situation
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import ENTITY_POSITIONS, OBSERVATIONS
from convscope.values.status import Status

_SHORT = 10
"""How many short episodes stand for one of the given length."""


def independent(size: Size, rng: np.random.Generator) -> Situation:
    """Let every agent keep its last action or draw a new one."""
    return situation(_keeping(size, rng))


def hidden_memory(size: Size, rng: np.random.Generator) -> Situation:
    """Every agent follows an option of random length that the log does not show, half of the time."""
    option = held(drawn(size, rng), rng.random(size.shape) < 0.03)
    return situation(np.where(rng.random(size.shape) < 0.5, option, drawn(size, rng)))


def shared_schedule(size: Size, rng: np.random.Generator) -> Situation:
    """All agents favour the same action in each tenth of an episode; the schedule is the same in all episodes."""
    schedule = rng.integers(N_ACTIONS, size=10)[np.arange(size.n_steps) * 10 // size.n_steps]
    return situation(np.where(rng.random(size.shape) < 0.5, schedule[None, :, None], drawn(size, rng)))


def episode_layouts(size: Size, rng: np.random.Generator) -> Situation:
    """All agents favour the same action in an episode, another one in the next."""
    layout = rng.integers(N_ACTIONS, size=(size.n_episodes, 1, 1))
    return situation(np.where(rng.random(size.shape) < 0.35, layout, drawn(size, rng)))


def logged_driver(size: Size, rng: np.random.Generator) -> Situation:
    """All agents follow a thing that the log shows, half of them a step later than the others."""
    driver = _driver(size, rng)
    cue = np.where(np.arange(size.n_agents) < size.n_agents / 2, before(driver, 1), before(driver, 2))
    shown = np.equal(driver.reshape(-1, 1, 1), np.arange(N_ACTIONS - 1)).astype(np.float64)
    return situation(_following(size, rng, cue, share=0.3), columns={ENTITY_POSITIONS: shown})


def unlogged_driver(size: Size, rng: np.random.Generator) -> Situation:
    """All agents follow a thing that the log does not show: no test of trajectories can tell it from influence."""
    return situation(_following(size, rng, before(_driver(size, rng), 1), share=0.3))


def short_episodes(size: Size, rng: np.random.Generator) -> Situation:
    """Ten times as many episodes, a tenth as long, each begun with what another agent did last in the one before.

    Whoever puts the episodes one behind the other finds a ring of influence.
    """
    short = Size(n_agents=size.n_agents, n_episodes=size.n_episodes * _SHORT, n_steps=max(size.n_steps // _SHORT, 2))
    actions = _keeping(short, rng)
    actions[1:, 0] = np.roll(actions[:-1, -1], 1, axis=1)
    return situation(actions)


def dead_agents(size: Size, rng: np.random.Generator) -> Situation:
    """Agents die in waves that the log does not show, and the dead log action 0."""
    actions = 1 + _keeping(size, rng) % (N_ACTIONS - 1)
    wave = rng.integers(size.n_steps // 4, size.n_steps, size=(size.n_episodes, 2))
    fate = rng.integers(3, size=(size.n_episodes, size.n_agents))
    end = np.column_stack([wave, np.full(size.n_episodes, size.n_steps)])
    is_dead = np.arange(size.n_steps)[None, :, None] >= np.take_along_axis(end, fate, axis=1)[:, None, :]
    status = np.where(is_dead, Status.DEAD, Status.ACTING).astype(np.uint8)
    return situation(np.where(is_dead, 0, actions), status=status.reshape(-1, size.n_agents))


def swapped_ids(size: Size, rng: np.random.Generator) -> Situation:
    """Agents of different characters, who sit in other slots in each episode; nothing in the log says so."""
    keeps = rng.random(size.shape) < np.linspace(0.2, 0.9, size.n_agents)
    likes = rng.integers(N_ACTIONS, size=size.n_agents)
    actions = held(np.where(rng.random(size.shape) < 0.4, likes, drawn(size, rng)), ~keeps)
    slots = rng.permuted(np.tile(np.arange(size.n_agents), (size.n_episodes, 1)), axis=1)
    return situation(np.take_along_axis(actions, slots[:, None, :], axis=2))


def shared_policy(size: Size, rng: np.random.Generator) -> Situation:
    """All agents see the same observation and draw from the same policy."""
    seen = held(rng.integers(10, size=(size.n_episodes, size.n_steps, 1)), rng.random((*size.shape[:2], 1)) < 0.5)
    policy = rng.integers(N_ACTIONS, size=10)
    actions = np.where(rng.random(size.shape) < 0.6, policy[seen], drawn(size, rng))
    one_hot = np.equal(seen.reshape(-1, 1, 1), np.arange(10)).astype(np.float64)
    return situation(actions, columns={OBSERVATIONS: np.repeat(one_hot, size.n_agents, axis=1)})


def leader_follower(size: Size, rng: np.random.Generator, *, share: float = 0.06) -> Situation:
    """Let the second half of the agents copy, now and then, what an agent of the first half did last.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws the actions.
    share
        Share of steps at which a follower copies.
    """
    leader = np.arange(size.n_agents) - size.n_agents // 2
    return _copying(size, rng, np.where(leader >= 0, leader, -1), share=share)


def chain(size: Size, rng: np.random.Generator) -> Situation:
    """Every agent but the first copies the one before it: none beyond the next is influenced."""
    return _copying(size, rng, np.arange(size.n_agents) - 1, share=0.4)


def gate(size: Size, rng: np.random.Generator) -> Situation:
    """Every second agent moves on from its own last action while the agent before it allows it, else it stays.

    What the sender does makes none of the receiver's actions more frequent: only what follows what.
    """
    actions = drawn(size, rng)
    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    for sender in range(0, size.n_agents - 1, 2):
        is_open = before(actions, 1)[:, :, sender] < N_ACTIONS // 2
        is_free = rng.random(size.shape[:2]) < 0.6
        for step in range(1, size.n_steps):
            moved = (actions[:, step - 1, sender + 1] + is_open[:, step]) % N_ACTIONS
            actions[:, step, sender + 1] = np.where(is_free[:, step], actions[:, step, sender + 1], moved)
        edges[sender + 1, sender] = True
    return situation(actions, edges=edges)


def exclusive_or(size: Size, rng: np.random.Generator) -> Situation:
    """Every third agent does, with some noise, whether the two before it differed; neither alone tells anything."""
    actions = rng.integers(2, size=size.shape)
    edges = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    for receiver in range(2, size.n_agents, 3):
        senders = [receiver - 2, receiver - 1]
        differ = np.bitwise_xor(*(actions[:, :-1, sender] for sender in senders))
        actions[:, 1:, receiver] = differ ^ (rng.random(differ.shape) < 0.3)
        edges[receiver, senders] = True
    return situation(actions, edges=edges)


def copy_channel(size: Size, rng: np.random.Generator, *, error: float) -> Situation:
    """Let the second agent repeat the first one's last action of four, and err evenly over the other three.

    Its transfer entropy is ``log 4 - h(error) - error log 3`` nats: 1.3863, 0.6662 and 0 for errors 0, 0.2 and 0.75.

    Parameters
    ----------
    size
        How much is simulated; its number of agents is taken to be 2.
    rng
        Draws the actions.
    error
        Probability of another action than the sender's.
    """
    shape = (size.n_episodes, size.n_steps, 1)
    sent = rng.integers(4, size=shape)
    moved = np.where(rng.random(shape) < error, rng.integers(1, 4, shape), 0)
    actions = np.concatenate([sent, (before(sent, 1) + moved) % 4], axis=2)
    return situation(actions, edges=np.array([[False, False], [error < 0.75, False]]))


EDGE_FREE: dict[str, Simulator] = {
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
"""Situations without edges: a test of level .05 must find no more than its share, or refuse."""
WITH_HIDDEN_CAUSE = ("common driver, unlogged", "same policy, same observation")
"""Those in which agents share a cause that the log does not hold: it makes edges, unless its light is seen."""
WITH_EDGES: dict[str, Simulator] = {
    "leader and followers": leader_follower,
    "chain": chain,
    "gate": gate,
    "exclusive or": exclusive_or,
}
"""Situations with edges: a test must find them, and no indirect ones."""


def _keeping(size: Size, rng: np.random.Generator) -> IntArray:
    return held(drawn(size, rng), rng.random(size.shape) < 0.5)


def _following(size: Size, rng: np.random.Generator, cue: IntArray, *, share: float) -> IntArray:
    is_following = rng.random(size.shape) < share
    return held(np.where(is_following, cue, drawn(size, rng)), is_following | (rng.random(size.shape) < 0.7))


def _driver(size: Size, rng: np.random.Generator) -> IntArray:
    shape = (size.n_episodes, size.n_steps, 1)
    return held(rng.integers(N_ACTIONS, size=shape), rng.random(shape) < 0.4)


def _copying(size: Size, rng: np.random.Generator, leader: IntArray, *, share: float) -> Situation:
    """Every agent keeps its action, draws a new one, or copies its leader; leaders come before followers."""
    actions = held(drawn(size, rng), rng.random(size.shape) < 0.6)
    edges: BoolArray = np.zeros((size.n_agents, size.n_agents), dtype=np.bool_)
    for follower in np.flatnonzero(leader >= 0).tolist():
        is_copying = rng.random(size.shape[:2]) < share
        is_new = is_copying | (rng.random(size.shape[:2]) < 0.6)
        values = np.where(
            is_copying, before(actions[:, :, leader[follower]], 1), rng.integers(N_ACTIONS, size=size.shape[:2])
        )
        actions[:, :, follower] = held(values[:, :, None], is_new[:, :, None])[:, :, 0]
        edges[follower, leader[follower]] = True
    return situation(actions, edges=edges)
