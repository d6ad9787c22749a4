"""Autoregressions are stationary from the first step, and their transfer entropies are what entropies say."""

import numpy as np
import pytest

from convscope.simulate.draws import Size
from convscope.simulate.gaussian import Autoregression, autoregressive, leaders_and_followers
from convscope.values.fields import ACTIONS

LAW = Autoregression(
    pull=np.array([[0.5, 0.0, 0.0, 0.0], [0.3, 0.4, 0.0, 0.0], [0.0, -0.2, 0.6, 0.1], [0.2, 0.0, 0.0, 0.3]]),
    noise=np.diag([1.0, 2.0, 0.5, 1.0]),
)
PAIRS = [(receiver, sender) for receiver in range(4) for sender in range(4) if receiver != sender]


def conditional_entropy(covariance, outcome, given):
    inside = np.linalg.slogdet(covariance[np.ix_([outcome, *given], [outcome, *given])])[1]
    return 0.5 * (inside - np.linalg.slogdet(covariance[np.ix_(given, given)])[1])


def test_the_closed_form_of_an_autoregression_is_a_difference_of_entropies():
    now = LAW.covariance()
    together = np.block([[now, now @ LAW.pull.T], [LAW.pull @ now, now]])
    for receiver, sender in PAIRS:
        others = [agent for agent in range(4) if agent != sender]
        gain = conditional_entropy(together, 4 + receiver, others) - conditional_entropy(
            together, 4 + receiver, list(range(4))
        )
        assert LAW.transfer_entropies()[receiver, sender] == pytest.approx(gain, abs=1e-12)


def test_two_halves_of_an_autoregression_are_as_stationary_as_each_other():
    situation = autoregressive(Size(n_agents=4, n_episodes=2000, n_steps=20), np.random.default_rng(3), LAW)
    (block,) = situation.log.blocks(frozenset({ACTIONS}))
    steps = block.columns[ACTIONS].reshape(2000, 20, 4)
    for half in (steps[:, :10], steps[:, 10:]):
        assert np.cov(half.reshape(-1, 4).T) == pytest.approx(LAW.covariance(), abs=0.12)


def test_the_transfer_entropy_of_two_agents_by_hand():
    law = Autoregression(pull=np.array([[0.0, 0.0], [0.5, 0.0]]), noise=np.eye(2))
    # Half the log of the ratio of variances: 1.25 without the sender's past, 1 with it.
    assert law.transfer_entropies() == pytest.approx(np.array([[0.0, 0.0], [0.5 * np.log(1.25), 0.0]]))


def test_edges_are_where_agents_are_pulled():
    situation = autoregressive(
        Size(n_agents=4, n_episodes=2, n_steps=3), np.random.default_rng(0), leaders_and_followers(4), n_components=2
    )
    assert np.argwhere(situation.edges).tolist() == [[2, 0], [3, 1]]
    (block,) = situation.log.blocks(frozenset({ACTIONS}))
    assert block.columns[ACTIONS].shape == (6, 4, 2)
