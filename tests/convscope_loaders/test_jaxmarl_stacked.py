"""Transitions of JaxMARL's PQN have agents before environments, and one reward and flag for the team."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.ingest.probe import probe
from convscope_loaders.jaxmarl import LOADER
from tests.convscope_loaders.reading import opened_by

FIELDS = frozenset({"observations", "actions", "team_rewards"})


def transitions(lengths, n_agents):
    n_steps, n_envs = min(map(sum, lengths)), len(lengths)
    at, over = np.zeros((n_steps, n_envs), int), np.zeros((n_steps, n_envs), bool)
    for env, mine in enumerate(lengths):
        times = [(t, t == n - 1) for n in mine for t in range(n)][:n_steps]
        at[:, env], over[:, env] = np.array(times).T
    time, agent, env = np.broadcast_arrays(at[:, None], np.arange(n_agents)[:, None], np.arange(n_envs))
    return {
        "obs": np.stack([agent, env, time], axis=-1).astype("f4"),
        "action": (time + agent) % 3,
        "reward": (100.0 * np.arange(n_envs) + at)[:, None],
        "done": over[:, None],
        "avail_actions": np.ones((*time.shape, 3)),
        "q_vals": np.zeros((*time.shape, 3)),
        "last_done": np.zeros(time.shape, bool),
    }


opened = partial(opened_by, LOADER, score=0.9)


@given(st.lists(st.lists(st.integers(2, 6), min_size=5, max_size=5), min_size=1, max_size=4), st.integers(2, 4))
@settings(max_examples=20, deadline=None)
def test_every_step_finds_its_environment_and_agent(tmp_path_factory, lengths, n_agents):
    path = tmp_path_factory.mktemp("pqn") / "log.npz"
    np.savez(path, **transitions(lengths, n_agents))
    log = opened(path)
    (block,) = log.blocks(FIELDS)
    observed = block.columns["observations"]
    assert (observed[..., 0] == np.arange(n_agents)).all()
    first = 0
    for length in log.episodes.length.tolist():
        mine = observed[first : first + length]
        assert (mine[..., 1] == mine[0, 0, 1]).all()
        np.testing.assert_array_equal(mine[:, 0, 2], np.arange(length))
        first += length
    np.testing.assert_array_equal(block.columns["actions"][..., 0], (observed[..., 2] + np.arange(n_agents)) % 3)
    np.testing.assert_array_equal(block.columns["team_rewards"], 100 * observed[:, 0, 1] + observed[:, 0, 2])
    assert log.header.agents[0].action_space.n == (3,)


def test_states_beside_it_are_read_too(tmp_path):
    arrays = {f"traj.{name}": array for name, array in transitions([[4, 3], [5, 2]], 2).items()}
    arrays["state.step"] = np.array([[0, 1, 2, 3, 0, 1, 2], [0, 1, 2, 3, 4, 0, 1]]).T
    arrays["state.agent_pos"] = np.arange(7 * 2 * 2 * 2).reshape(7, 2, 2, 2)
    np.savez(tmp_path / "log.npz", **arrays)
    log = opened(tmp_path / "log.npz")
    (block,) = log.blocks(frozenset({"positions"}))
    np.testing.assert_array_equal(block.columns["positions"][:7], arrays["state.agent_pos"][:, 0])
    assert "as /state/step shows" in log.header.inputs[0].assumptions[1]


@pytest.mark.parametrize("name", ["q_vals", "obs", "done"])
def test_others_are_not_ours(tmp_path, name):
    arrays = transitions([[4, 3], [5, 2]], 2)
    del arrays[name]
    np.savez(tmp_path / "log.npz", **arrays)
    assert LOADER.sniff(probe(tmp_path / "log.npz", "log")).score == 0
