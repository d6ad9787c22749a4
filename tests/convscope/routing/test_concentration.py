"""Concentration of an agent's routing: 0 = even, 1 = one target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.routing.concentration import agent_concentration
from convscope.values.routing import RoutingTallies


def tallies(mass):
    n_agents = len(mass)
    return RoutingTallies(
        run=np.zeros(n_agents, dtype=np.int64),
        unit=np.zeros(n_agents, dtype=np.int64),
        receiver=np.arange(n_agents),
        valid=~np.eye(n_agents, dtype=np.bool_),
        mass=np.asarray(mass, dtype=np.float64),
        n_steps=np.ones(n_agents),
        roles=np.full((n_agents, n_agents), -1),
        runs=("run",),
    )


def test_by_hand():
    found = dict(agent_concentration(tallies([[0, 0.5, 0.5], [1, 0, 0], [0.8, 0.2, 0]]), "abc"))
    assert found["a"] == 0
    assert found["b"] == 1
    # 1 - h(.2) / log 2
    assert found["c"] == pytest.approx(1 + (0.8 * np.log(0.8) + 0.2 * np.log(0.2)) / np.log(2))


def test_a_receiver_without_weight_is_left_out():
    assert [name for name, _ in agent_concentration(tallies([[0, 1, 1], [0, 0, 0], [1, 1, 0]]), "abc")] == ["a", "c"]


@given(st.integers(0, 2**31), st.floats(0.1, 100))
def test_it_lies_between_0_and_1_and_has_no_scale(seed, scale):
    mass = np.random.default_rng(seed).random((4, 4)) * ~np.eye(4, dtype=np.bool_)
    plain, scaled = (agent_concentration(tallies(each), "abcd") for each in (mass, mass * scale))
    for (_, first), (_, second) in zip(plain, scaled, strict=True):
        assert 0 <= first <= 1
        assert first == pytest.approx(second)
