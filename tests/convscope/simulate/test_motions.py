"""Moving and mixed teams have the edges that they claim."""

import numpy as np
import pytest

from convscope.simulate.draws import Size
from convscope.simulate.motions import CONTINUOUS, MIXED, chain, dead_agents, leader_follower, logged_driver
from convscope.values.fields import ACTIONS, ENTITY_POSITIONS, POSITIONS
from convscope.values.header import ActionKind
from convscope.values.status import Status

SIZE = Size(n_agents=4, n_episodes=30, n_steps=40)


def columns_of(situation, *names):
    (block,) = situation.log.blocks(frozenset(names))
    return [block.columns[name].reshape(30, 40, -1, block.columns[name].shape[-1]) for name in names]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_actions_are_pushes_and_positions_are_logged(name):
    log = CONTINUOUS[name](SIZE, np.random.default_rng(0)).log
    assert {spec.name for spec in log.header.fields} >= {ACTIONS, POSITIONS}
    assert all(agent.action_space.kind is ActionKind.CONTINUOUS for agent in log.header.agents)
    assert log.episodes.n_timesteps == 1200


@pytest.mark.parametrize("name", MIXED)
def test_half_of_a_mixed_team_chooses(name):
    situation = MIXED[name](SIZE, np.random.default_rng(0))
    kinds = [agent.action_space.kind for agent in situation.log.header.agents]
    assert kinds == [ActionKind.DISCRETE, ActionKind.CONTINUOUS, ActionKind.CONTINUOUS, ActionKind.DISCRETE]
    assert situation.edges.any() == (name == "leader and followers")


def test_a_push_moves_the_agent():
    actions, positions = columns_of(
        CONTINUOUS["independent agents"](SIZE, np.random.default_rng(1)), ACTIONS, POSITIONS
    )
    assert np.diff(positions, axis=1) == pytest.approx(0.3 * actions[:, :-1])


def test_edges_run_from_leaders_to_those_drawn_to_them():
    assert np.argwhere(leader_follower(SIZE, np.random.default_rng(2)).edges).tolist() == [[2, 0], [3, 1]]
    assert np.argwhere(chain(SIZE, np.random.default_rng(2)).edges).tolist() == [[1, 0], [2, 1], [3, 2]]


def test_the_thing_is_chased_a_step_late():
    actions, positions, thing = columns_of(
        logged_driver(SIZE, np.random.default_rng(3)), ACTIONS, POSITIONS, ENTITY_POSITIONS
    )
    away = thing[:, :-1] - positions[:, 1:]
    assert np.std(actions[:, 1:] - 0.3 * away) == pytest.approx(0.5, abs=0.03)


def test_the_dead_lie_where_they_fell():
    situation = dead_agents(SIZE, np.random.default_rng(4))
    (block,) = situation.log.blocks(frozenset({POSITIONS}))
    is_dead = np.equal(block.status, Status.DEAD).reshape(30, 40, 4)
    moves = np.diff(block.columns[POSITIONS].reshape(30, 40, 4, 2), axis=1)
    assert is_dead.any()
    assert (moves[is_dead[:, :-1]] == 0).all()
