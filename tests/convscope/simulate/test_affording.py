"""One team's logs hold what each source of routing needs, and nothing that is not so."""

import numpy as np
import pytest

from convscope.simulate import affording
from convscope.simulate.affording import Favour
from convscope.simulate.draws import Size
from convscope.simulate.laws import chain, dead_agents, leader_follower, logged_driver, shared_policy
from convscope.simulate.rollouts import rolled_out
from convscope.values.fields import (
    ACTION_PROBABILITIES,
    ACTIONS,
    ATTENTION,
    ENTITY_POSITIONS,
    INTERVENTIONS,
    MESSAGES,
    OBSERVATIONS,
)
from convscope.values.status import Status

SIZE = Size(n_agents=3, n_episodes=8, n_steps=12)


def acting(law_of):
    rng = np.random.default_rng(0)
    return rolled_out(law_of(SIZE, rng), rng)


def block_of(situation):
    (block,) = situation.log.blocks(frozenset(spec.name for spec in situation.log.header.fields))
    return block


def test_the_world_is_logged_in_the_field_of_its_law():
    assert block_of(affording.log_of_actions(acting(logged_driver))).columns[ENTITY_POSITIONS].shape == (96, 1, 4)
    assert block_of(affording.log_of_actions(acting(shared_policy))).columns[OBSERVATIONS].shape == (96, 3, 10)
    assert set(block_of(affording.log_of_actions(acting(chain))).columns) == {ACTIONS}


def test_what_is_said_is_what_is_done():
    columns = block_of(affording.log_of_messages(acting(chain))).columns
    assert (columns[MESSAGES] == columns[ACTIONS]).all()
    assert columns[ACTION_PROBABILITIES].sum(axis=-1) == pytest.approx(1)


def test_slots_show_what_the_others_did_last():
    made = affording.log_of_observations(acting(chain))
    columns = block_of(made).columns
    seen = columns[OBSERVATIONS].reshape(8, 12, 3, 3, 5)
    did = np.eye(5)[columns[ACTIONS].reshape(8, 12, 3).astype(int)]
    assert (seen[:, 0] == 0).all()
    for agent, order in enumerate(([0, 1, 2], [1, 0, 2], [2, 0, 1])):
        assert (seen[:, 1:, agent] == did[:, :-1][:, :, order]).all()
    layout = made.log.header.layout.of("agent_1")
    assert (layout.own, layout.world) == ((0, 1, 2, 3, 4), ())
    assert [slot.columns[0] for slot in layout.slots] == [5, 10]


def test_attention_goes_to_the_living_and_to_those_that_it_favours():
    weights = block_of(
        affording.log_of_attention(acting(leader_follower), np.random.default_rng(1), favour=Favour.SENDERS)
    )
    mean = weights.columns[ATTENTION][:, 0].mean(axis=0)
    assert mean.sum(axis=1) == pytest.approx(1)
    assert mean[1, 0] > mean[1, 2] + 0.1
    block = block_of(affording.log_of_attention(acting(dead_agents), np.random.default_rng(1), favour=Favour.SOMEBODY))
    is_dead = np.equal(block.status, Status.DEAD)
    assert is_dead.any()
    assert (block.columns[ATTENTION][:, 0].transpose(0, 2, 1)[is_dead] == 0).all()


def test_the_frozen_take_the_first_action_and_their_number_is_logged():
    made = affording.frozen_by_lot(chain, Size(n_agents=3), np.random.default_rng(0))
    columns = block_of(made).columns
    is_frozen = columns[INTERVENTIONS] > 0
    assert is_frozen.mean() == pytest.approx(0.08, abs=0.005)
    assert (columns[ACTIONS][..., 0][is_frozen] == 0).all()
