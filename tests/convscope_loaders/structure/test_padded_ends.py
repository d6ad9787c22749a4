"""Padded blocks whose agents have end flags of their own: read as they were written, or an error with both readings."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, ConvscopeError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.probe import probe
from convscope_loaders.numpy_files import LOADER

NAMES = (("obs", "actions", "rewards", "dones"), ("o", "a", "r", "d"), ("observations", "act", "rew", "terminated"))
ORDERS = ((0, 1, 2), (1, 0, 2))
"""Episodes or timesteps first."""


@st.composite
def blocks(draw):
    n_agents = draw(st.integers(1, 4))
    n_steps = draw(st.integers(2, 7))
    ends = draw(
        st.lists(st.lists(st.integers(1, n_steps), min_size=n_agents, max_size=n_agents), min_size=1, max_size=4)
    )
    return np.array(ends), n_steps


def padded(ends, n_steps, *, is_sticky, seed):
    """Arrays of (episode, time, agent), zero once an agent has ended."""
    rng = np.random.default_rng(seed)
    after = np.arange(n_steps)[:, None] - (ends - 1)[:, None, :]
    is_there = after <= 0
    observations = np.cumsum(rng.normal(size=(*is_there.shape, 3)), axis=1) * is_there[..., None]
    rewards = rng.normal(size=is_there.shape) * is_there
    dones = after >= 0 if is_sticky else after == 0
    return observations, rng.integers(1, 5, is_there.shape) * is_there, rewards, dones


def opened(path, mapping=None):
    return LOADER.open(probe(path, path.name), mapping)


def opened_or_told(path):
    try:
        return opened(path)
    except ConvscopeError as error:
        return error


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    drawn=blocks(),
    order=st.sampled_from(ORDERS),
    names=st.sampled_from(NAMES),
    has_mask=st.booleans(),
    is_sticky=st.booleans(),
    seed=st.integers(0, 3),
)
def test_agents_and_episodes_are_never_swapped_in_silence(tmp_path, drawn, order, names, has_mask, is_sticky, seed):
    ends, n_steps = drawn
    arrays = padded(ends, n_steps, is_sticky=is_sticky, seed=seed)
    written = {name: np.moveaxis(array, (0, 1, 2), order) for name, array in zip(names, arrays, strict=True)}
    if has_mask:
        mask = np.arange(n_steps) < ends.max(axis=1)[:, None]
        written["filled"] = np.moveaxis(mask, (0, 1), order[:2])
    np.savez(tmp_path / "log.npz", **written)
    log = opened_or_told(tmp_path / "log.npz")
    if isinstance(log, ConvscopeError):
        readings = re.findall(r"^  \d\. ", str(log), re.MULTILINE)
        assert not isinstance(log, AmbiguousLogError) or (len(readings) > 1 and log.mapping)
        return
    assert len(log.header.agents) == ends.shape[1]
    assert log.episodes.length.tolist() == ends.max(axis=1).tolist()


@pytest.mark.parametrize(("n_episodes", "n_agents"), [(3, 4), (4, 4), (6, 3), (1, 3)])
def test_lasting_flags_of_each_agent_show_the_time_axis(tmp_path, n_episodes, n_agents):
    names = np.array([f"agent_{agent}" for agent in range(n_agents)])
    ends = np.random.default_rng(5).integers(4, 40, (n_episodes, n_agents))
    arrays = padded(ends, 40, is_sticky=True, seed=0)
    np.savez(tmp_path / "log.npz", agents=names, **dict(zip(NAMES[0], arrays, strict=True)))
    if n_episodes == n_agents:
        # The names are as many as the entries of both outer axes.
        with pytest.raises(AmbiguousLogError, match="4 agents, 40 timesteps, 4 episodes"):
            opened(tmp_path / "log.npz")
        return
    log = opened(tmp_path / "log.npz")
    assert len(log.header.agents) == n_agents
    assert log.episodes.length.tolist() == ends.max(axis=1).tolist()


def test_episodes_that_all_end_alike_are_not_taken_for_agents(tmp_path):
    arrays = padded(np.array([[5, 9, 12]] * 4), 12, is_sticky=True, seed=0)
    np.savez(tmp_path / "log.npz", **dict(zip(NAMES[0], arrays, strict=True)))
    with pytest.raises(AmbiguousLogError) as error:
        opened(tmp_path / "log.npz")
    assert "4 episodes, 12 timesteps, 3 agents" in str(error.value)
    (tmp_path / "map.toml").write_text(error.value.mapping)
    log = opened(tmp_path / "log.npz", read_mapping(tmp_path / "map.toml"))
    assert (len(log.header.agents), log.episodes.length.tolist()) == (3, [12] * 4)
