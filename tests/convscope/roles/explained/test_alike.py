"""Roles that all agents of an episode share."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.roles.explained.alike import dealt_alike, episodes_alike
from convscope.roles.explained.losses import UnitTable


def units(role, n_agents):
    n_episodes = len(role) // n_agents
    return UnitTable(
        unit_episode=np.repeat(np.arange(n_episodes), n_agents),
        declared=np.full(len(role), -1),
        agent=np.tile(np.arange(n_agents), n_episodes),
        role=np.array(role),
        situation=np.zeros((len(role), 0)),
        n_roles=2,
    )


def test_episodes_by_hand():
    assert episodes_alike(units([0, 0, 1, 1, 0, 1], 2)) == (2, 3)
    assert episodes_alike(units([0, 1], 1)) == (0, 0)


def test_roles_dealt_anew_are_shared_as_often_as_by_chance():
    table = units(np.repeat(np.tile([0, 1], 50), 2), 2)
    assert episodes_alike(table) == (100, 100)
    # Two agents that play each role half of the time agree in half of their episodes.
    assert dealt_alike(table, n_draws=99, rng=generator(0)).mean() == pytest.approx(50, abs=2)


def test_agents_that_hold_one_role_share_it_however_it_is_dealt():
    table = units(np.zeros(20, dtype=int), 2)
    assert (dealt_alike(table, n_draws=9, rng=generator(0)) == 10).all()
