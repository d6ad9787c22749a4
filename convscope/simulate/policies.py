"""Teams that log the probabilities they draw from: influence among them is known, and so is what hides it.

A thing that the log does not show moves all agents, and each follows options of its own that the log does not show
either: every test of trajectories alone must call nearly all pairs an edge.
"""

from dataclasses import replace

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.draws import N_ACTIONS, Situation, Size, edges_from, leaders, situation
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import ACTION_PROBABILITIES, ACTIONS

_COPIES = 0.12
"""Share of a follower's probability that goes to its leader's last action."""
_FOLLOWS = 0.3
_KEEPS = 0.3


def hidden_driver(
    size: Size,
    rng: np.random.Generator,
    *,
    n_edges: int = 0,
    greed: float = 0.0,
    has_common_dice: bool = False,
) -> Situation:
    """Let a hidden thing and hidden options move all agents, and some agents follow others.

    Parameters
    ----------
    size
        How much is simulated.
    rng
        Draws everything.
    n_edges
        Agents that follow another one, each of its own leader.
    greed
        Share of every policy that goes to its most probable action, in [0, 1]; near 1 exploration is rare.
    has_common_dice
        Whether all agents draw with one random number, as where sampling is joint or shares a seed.
    """
    leader = leaders(size.n_agents, n_edges, rng)
    probabilities, actions = _rollout(size, rng, leader, greed=greed, has_common_dice=has_common_dice)
    n_rows = size.n_episodes * size.n_steps
    columns = {ACTION_PROBABILITIES: probabilities.reshape(n_rows, size.n_agents, N_ACTIONS)}
    return situation(actions, edges=edges_from(leader), columns=columns)


def greedier_than_logged(situation: Situation, share: float, rng: np.random.Generator) -> Situation:
    """Replace a share of the actions by the most probable ones: no draws from the logged probabilities any more."""
    (block,) = situation.log.blocks(frozenset({ACTIONS, ACTION_PROBABILITIES}), max_bytes=1 << 40)
    best = block.columns[ACTION_PROBABILITIES].argmax(axis=-1)[..., None].astype(np.float64)
    actions = np.where(rng.random(best.shape) < share, best, block.columns[ACTIONS])
    columns = {ACTIONS: actions, ACTION_PROBABILITIES: block.columns[ACTION_PROBABILITIES]}
    names = [agent.name for agent in situation.log.header.agents]
    return replace(situation, log=log_from_arrays(columns, situation.log.episodes.length, names))


def _rollout(
    size: Size, rng: np.random.Generator, leader: IntArray, *, greed: float, has_common_dice: bool
) -> tuple[FloatArray, IntArray]:
    n_episodes, n_steps, n_agents = size.shape
    actions = np.empty(size.shape, np.int64)
    probabilities = np.empty((*size.shape, N_ACTIONS))
    thing = rng.integers(N_ACTIONS, size=n_episodes)
    before, last, option = thing, _drawn(size, rng), _drawn(size, rng)
    is_late = np.arange(n_agents) >= n_agents // 2
    for step in range(n_steps):
        cue = np.where(is_late, before[:, None], thing[:, None])
        policy = _policy(cue, option, last[:, np.maximum(leader, 0)], is_led=leader >= 0, greed=greed)
        uniform = rng.random((n_episodes, 1 if has_common_dice else n_agents, 1))
        taken = np.minimum((policy.cumsum(axis=-1) < uniform).sum(axis=-1), N_ACTIONS - 1)
        actions[:, step], probabilities[:, step] = taken, policy
        option = np.where(rng.random(option.shape) < 0.05, taken, option)
        before, last = thing, taken
        thing = np.where(rng.random(n_episodes) < 0.3, rng.integers(N_ACTIONS, size=n_episodes), thing)
    return probabilities, actions


def _policy(cue: IntArray, option: IntArray, led: IntArray, *, is_led: BoolArray, greed: float) -> FloatArray:
    one = np.eye(N_ACTIONS)
    copies = np.where(is_led, _COPIES, 0.0)[:, None]
    own = (1 - _FOLLOWS - _KEEPS) / N_ACTIONS + _FOLLOWS * one[cue] + _KEEPS * one[option]
    policy = (1 - copies) * own + copies * one[led]
    greedy: FloatArray = (1 - greed) * policy + greed * one[policy.argmax(axis=-1)]
    return greedy


def _drawn(size: Size, rng: np.random.Generator) -> IntArray:
    return rng.integers(N_ACTIONS, size=(size.n_episodes, size.n_agents))
