"""Starting situations: ranks, and the nearest other agent, without all pairs at once."""

import tracemalloc

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convscope.randomness import generator
from convscope.roles.explained.situation import situation_columns
from convscope.roles.explained.starts import Starts
from convscope.values.header import LogHeader

HEADER = LogHeader(agents=(), fields=(), inputs=())
"""Not looked at without observations."""


def starts(positions):
    n_episodes, n_agents, _ = positions.shape
    return Starts(
        episode=np.arange(n_episodes),
        digest=np.arange(n_episodes),
        observations=np.zeros((n_episodes, n_agents, 0)),
        positions=positions,
        entities=np.zeros((n_episodes, 0, 0)),
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6))
def test_ranks_and_nearest_are_those_of_all_pairs(seed, n_agents):
    positions = generator(seed).integers(4, size=(12, n_agents, 1)).astype(float)
    assume((positions[1:].max(axis=0) > positions[1:].min(axis=0)).all())
    positions[0, 0] = np.nan
    columns = situation_columns(starts(positions), HEADER, range(n_agents))
    ranks = columns[:, :, columns.shape[2] // 2] * n_agents
    for episode, found in zip(positions[..., 0], ranks, strict=True):
        expected = [(episode < own).sum() + 0.5 * (episode == own).sum() for own in episode]
        np.testing.assert_allclose(found, expected)


def test_the_nearest_other_agent_by_hand():
    positions = np.array([[[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]], [[1.0, 1.0], [4.0, 5.0], [9.0, 0.0]]])
    columns = situation_columns(starts(positions), HEADER, range(3))
    np.testing.assert_allclose(columns[0, :, 2], [1.0, np.hypot(3, 3), 1.0])


def test_a_thousand_agents_take_little_memory():
    positions = generator(0).normal(size=(12, 1000, 2))
    tracemalloc.start()
    situation_columns(starts(positions), HEADER, range(1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * 2_000_000
