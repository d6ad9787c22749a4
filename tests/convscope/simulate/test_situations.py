"""Situations have the edges that they claim."""

import numpy as np
import pytest

from convscope.simulate.draws import Size
from convscope.simulate.situations import (
    EDGE_FREE,
    chain,
    copy_channel,
    dead_agents,
    exclusive_or,
    gate,
    leader_follower,
    short_episodes,
)
from convscope.values.fields import ACTIONS
from convscope.values.status import Status

SIZE = Size(n_agents=4, n_episodes=50, n_steps=40)


def actions_of(situation):
    blocks = situation.log.blocks(frozenset({ACTIONS}))
    return np.concatenate([block.columns[ACTIONS] for block in blocks])[:, :, 0].reshape(
        SIZE.n_episodes, SIZE.n_steps, -1
    )


@pytest.mark.parametrize("name", EDGE_FREE)
def test_situations_without_edges_claim_none(name):
    situation = EDGE_FREE[name](SIZE, np.random.default_rng(0))
    assert not situation.edges.any()
    assert situation.log.episodes.n_timesteps == 2000


def test_short_episodes_begin_with_what_another_agent_did_last():
    (block,) = short_episodes(SIZE, np.random.default_rng(0)).log.blocks(frozenset({ACTIONS}))
    actions = block.columns[ACTIONS].reshape(500, 4, 4)
    assert (actions[1:, 0, 1:] == actions[:-1, -1, :-1]).all()


def test_the_dead_stay_dead_and_log_action_0():
    (block,) = dead_agents(SIZE, np.random.default_rng(0)).log.blocks(frozenset({ACTIONS}))
    is_dead = np.equal(block.status, Status.DEAD)
    assert 0.2 < is_dead.mean() < 0.6
    assert (np.equal(block.columns[ACTIONS][:, :, 0], 0) == is_dead).all()
    by_episode = is_dead.reshape(50, 40, 4)
    assert (by_episode[:, 1:] >= by_episode[:, :-1]).all()


def test_a_gate_moves_no_action_s_frequency():
    situation = gate(Size(n_agents=2), np.random.default_rng(0))
    assert np.argwhere(situation.edges).tolist() == [[1, 0]]
    (block,) = situation.log.blocks(frozenset({ACTIONS}))
    actions = block.columns[ACTIONS][:, :, 0].reshape(200, 100, 2).astype(int)
    own, sent, after = actions[:, :-1, 1], actions[:, :-1, 0], actions[:, 1:, 1]
    shares = np.array([np.bincount(after[sent == action], minlength=5) for action in range(5)]) / (sent.size / 5)
    assert shares == pytest.approx(0.2, abs=0.03)
    # Moves on with .4 and by chance with a fifth of the rest.
    assert np.mean((after == (own + 1) % 5)[sent < 2]) == pytest.approx(0.52, abs=0.03)


def test_neither_sender_of_an_exclusive_or_tells_anything_alone():
    situation = exclusive_or(Size(n_agents=3), np.random.default_rng(0))
    assert np.argwhere(situation.edges).tolist() == [[2, 0], [2, 1]]
    (block,) = situation.log.blocks(frozenset({ACTIONS}))
    first, second, third = block.columns[ACTIONS][:, :, 0].reshape(200, 100, 3).astype(int).transpose(2, 0, 1)
    assert np.mean(third[:, 1:] == (first ^ second)[:, :-1]) == pytest.approx(0.7, abs=0.02)
    assert np.mean(third[:, 1:] == first[:, :-1]) == pytest.approx(0.5, abs=0.02)


def test_a_chain_copies_the_agent_before():
    situation = chain(SIZE, np.random.default_rng(1))
    assert np.argwhere(situation.edges).tolist() == [[1, 0], [2, 1], [3, 2]]
    actions = actions_of(situation)
    agree = (actions[:, 1:, 1:] == actions[:, :-1, :-1]).mean(axis=(0, 1))
    # Copies two fifths of the time, and agrees by chance in a fifth of the rest, or more where both hold on.
    assert (agree > 0.52).all()


def test_followers_copy_rarely():
    situation = leader_follower(SIZE, np.random.default_rng(2))
    assert np.argwhere(situation.edges).tolist() == [[2, 0], [3, 1]]


@pytest.mark.parametrize("error", [0.0, 0.2, 0.75])
def test_the_channel_errs_as_often_as_it_says(error):
    actions = actions_of(copy_channel(SIZE, np.random.default_rng(3), error=error))
    assert np.mean(actions[:, 1:, 1] != actions[:, :-1, 0]) == pytest.approx(error, abs=0.03)
