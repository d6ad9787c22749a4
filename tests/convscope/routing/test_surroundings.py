"""How near agents are, and who is there with whom, from hand-made episodes."""

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.routing.surroundings import SurroundingsFold
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, POSITIONS

AGENTS = ("a", "b", "c")


def surroundings(positions, *, max_bytes=1 << 20):
    positions = np.asarray(positions, dtype=float)
    n_episodes, n_steps, n_agents, n_axes = positions.shape
    flat = positions.reshape(-1, n_agents, n_axes)
    log = log_from_arrays(
        {ACTIONS: np.zeros((len(flat), n_agents, 1)), POSITIONS: flat}, [n_steps] * n_episodes, AGENTS
    )
    fold = SurroundingsFold(log, AnalysisConfig(), AGENTS)
    state = fold.start()
    for block in log.blocks(frozenset({POSITIONS}), max_bytes=max_bytes):
        state = fold.merge(state, fold.add(fold.start(), block))
    return fold.finish(state)


def test_closeness_is_the_mean_distance_with_its_sign_turned():
    found = surroundings([[[[0, 0], [3, 4], [0, 1]], [[0, 0], [0, 5], [0, 3]]]]).controls()
    assert found["closeness"][0, 0, 1:].tolist() == pytest.approx([-5, -2])
    assert "presence" not in found, "all are always there"


def test_slots_that_are_neighbours_are_told():
    found = surroundings(np.zeros((1, 4, 3, 2))).controls()
    assert list(found) == ["slot"]
    assert found["slot"][0].tolist() == [[0, -1, -2], [-1, 0, -1], [-2, -1, 0]]


def test_the_cut_into_blocks_changes_nothing():
    positions = np.random.default_rng(0).integers(0, 9, (4, 5, 3, 1))
    first, second = (surroundings(positions, max_bytes=n) for n in (1 << 20, 1))
    assert np.allclose(first.distance, second.distance)
    assert (first.n_together == second.n_together).all()
