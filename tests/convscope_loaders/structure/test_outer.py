"""Runs on an axis of the arrays are asked for, and read as runs once a mapping says so."""

import re

import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, MappingError
from convscope.ingest.inspect import inspect_logs
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs

S, E, T, N = 2, 4, 12, 3
RNG = np.random.default_rng(2)
ACTIONS = RNG.integers(5, size=(S, E, T, N))
ARRAYS = {
    "obs": np.cumsum(RNG.normal(size=(S, E, T, N, 6)), axis=2),
    "actions": ACTIONS,
    "rewards": RNG.normal(size=(S, E, T, N)),
    "dones": np.broadcast_to(np.arange(T)[:, None] == T - 1, (S, E, T, N)),
}


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "log.npz", **ARRAYS)
    return tmp_path / "log.npz"


def opened(path, text):
    (path.parent / "map.toml").write_text(text)
    return open_logs([path], mapping=read_mapping(path.parent / "map.toml"))


def asked(path):
    with pytest.raises(AmbiguousLogError, match="2 runs, 4 episodes, 12 timesteps, 3 agents") as error:
        open_logs([path])
    return error.value.mapping


def test_an_axis_of_seeds_is_asked_for_and_read_as_runs(path):
    log = opened(path, asked(path))
    assert (log.episodes.runs, log.episodes.length.tolist()) == (("run_0", "run_1"), [T] * S * E)
    (block,) = log.blocks(frozenset({"actions", "rewards"}))
    assert np.array_equal(block.columns["actions"].reshape(ACTIONS.shape), ACTIONS)
    assert np.allclose(block.columns["rewards"].reshape(ACTIONS.shape), ARRAYS["rewards"])


def test_the_axis_may_count_checkpoints(path):
    log = opened(path, asked(path).replace('"run", ', '"checkpoint", '))
    assert log.episodes.checkpoints == ("checkpoint_0", "checkpoint_1")


def test_the_other_reading_is_that_of_components(path):
    np.savez(path, obs=ARRAYS["obs"], actions=ACTIONS)
    log = opened(path, re.sub(r"axes = .*", 'axes = ["episode", "time", "agent", "value"]', asked(path), count=1))
    assert len(log.header.agents) == T


def test_team_rewards_beside_it_change_nothing(tmp_path):
    np.savez(tmp_path / "log.npz", **ARRAYS | {"rewards": ARRAYS["rewards"][..., 0], "dones": ARRAYS["dones"][..., 0]})
    log = opened(tmp_path / "log.npz", asked(tmp_path / "log.npz"))
    assert log.has("team_rewards")


def test_the_completed_mapping_speaks_of_the_file(path):
    (path.parent / "map.toml").write_text(asked(path))
    (seen,) = inspect_logs([path], mapping=read_mapping(path.parent / "map.toml"))
    assert 'path = "/rewards"\naxes = ["run", "episode", "time", "agent"]' in seen.mapping
    assert opened(path, seen.mapping).episodes.n_episodes == S * E


def test_runs_come_first(path):
    with pytest.raises(MappingError, match=r"map.toml:3: /actions: an axis of runs comes first"):
        opened(path, asked(path).replace('"run", "episode"', '"episode", "run"'))


def test_action_components_are_no_runs(tmp_path):
    arrays = {name: array[0] for name, array in ARRAYS.items()} | {"actions": RNG.normal(size=(E, T, N, 2))}
    np.savez(tmp_path / "log.npz", **arrays)
    log = open_logs([tmp_path / "log.npz"])
    assert (log.episodes.n_episodes, log.header.field("actions").shape) == (E, (2,))
