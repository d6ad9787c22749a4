"""Laws say what actions are drawn from, and rollouts draw them so."""

import numpy as np
import pytest

from convscope.simulate.draws import Size
from convscope.simulate.laws import WITH_EDGES, WITHOUT_EDGES, gate, leader_follower
from convscope.simulate.rollouts import mixture, rolled_out

LAWS = {**WITHOUT_EDGES, **WITH_EDGES}
SIZE = Size(n_agents=5, n_episodes=60, n_steps=40)


def test_what_no_part_asks_for_is_divided_evenly():
    policy = mixture(4, (1, 2), (0.5, np.array([[1, 3]])), (np.array([[0.1, 0.3]]), np.array([[1, 0]])))
    assert policy == pytest.approx(np.array([[[0.1, 0.7, 0.1, 0.1], [0.35, 0.05, 0.05, 0.55]]]))


@pytest.mark.parametrize("name", LAWS)
def test_actions_come_as_often_as_their_probabilities_say(name):
    rollout = rolled_out(LAWS[name](SIZE, np.random.default_rng(0)), np.random.default_rng(1))
    is_alive = np.isfinite(rollout.probabilities).all(axis=-1)
    law = rollout.probabilities[is_alive]
    assert law.sum(axis=-1) == pytest.approx(1)
    surprise = np.eye(law.shape[-1])[rollout.actions[is_alive]] - law
    spread = np.sqrt((law * (1 - law)).sum(axis=0))
    assert (np.abs(surprise.sum(axis=0)) <= 4 * spread).all()


@pytest.mark.parametrize("name", LAWS)
def test_a_policy_hangs_on_the_last_actions_of_its_senders_and_on_no_others(name):
    law = LAWS[name](SIZE, np.random.default_rng(0))
    n_actions = law.policy(1, np.zeros((law.size.n_episodes, 5), dtype=np.int64)).shape[-1]
    last = np.random.default_rng(1).integers(n_actions, size=(law.size.n_episodes, 5))
    for sender in range(5):
        other = last.copy()
        other[:, sender] = (last[:, sender] + n_actions // 2) % n_actions
        moved = np.abs(law.policy(1, other) - law.policy(1, last)).max(axis=(0, 2)) > 0
        moved[sender] = False
        assert moved.tolist() == law.edges[:, sender].tolist()


def test_a_follower_copies_with_the_share_it_is_told():
    law = leader_follower(Size(n_agents=2, n_episodes=1, n_steps=2), np.random.default_rng(0), share=0.5)
    # Copies half of the time, else keeps with .4 or draws one of five: .5 + .5 * .6 / 5 for the leader's action.
    assert law.policy(1, np.array([[3, 1]]))[0, 1] == pytest.approx([0.06, 0.26, 0.06, 0.56, 0.06])


def test_an_open_gate_lets_the_receiver_move_on():
    law = gate(Size(n_agents=2, n_episodes=2, n_steps=2), np.random.default_rng(0))
    policy = law.policy(1, np.array([[0, 2], [4, 2]]))[:, 1]
    assert policy.argmax(axis=-1).tolist() == [3, 2]
    assert policy.max(axis=-1) == pytest.approx(0.52)
