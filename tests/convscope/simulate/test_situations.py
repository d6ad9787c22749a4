"""Situations have the edges that they claim."""

import numpy as np
import pytest

from convscope.simulate.situations import EDGE_FREE, Size, chain, copy_channel, leader_follower
from convscope.values.fields import ACTIONS

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
