"""Rows of several environments in turn are never read as those of one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError
from convscope_loaders.structure.turns import count_interleaved
from tests.convscope_loaders.structure.buffers import episodes, opened, rows_of, write


def streams(n_envs, seed, n_rows=60):
    rng = np.random.default_rng(seed)
    walks = np.cumsum(rng.normal(size=(n_rows, n_envs, 6)) * 0.1, axis=0)
    return walks + rng.normal(size=(1, n_envs, 6)) * 5


@settings(max_examples=50, deadline=None)
@given(n_envs=st.integers(2, 12), seed=st.integers(0, 1000))
def test_environments_in_turn_are_counted(n_envs, seed):
    assert count_interleaved(streams(n_envs, seed).reshape(-1, 6)) % n_envs == 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), n_rows=st.integers(1, 200))
def test_one_walk_noise_and_circles_are_those_of_one_environment(seed, n_rows):
    rng = np.random.default_rng(seed)
    assert count_interleaved(streams(1, seed, n_rows)) == 1
    assert count_interleaved(rng.normal(size=(n_rows, 6))) == 1
    assert count_interleaved(np.tile(rng.normal(size=(2, 6)), (n_rows, 1))) == 1
    assert count_interleaved(rng.integers(4, size=(n_rows, 2))) == 1


def test_a_file_of_them_is_ambiguous_and_the_mapping_reads_the_rows_as_they_stand(tmp_path):
    worlds = [rows_of(episodes([6, 5, 7], seed), "observations", "actions", "dones") for seed in range(2)]
    arrays = {
        name: np.stack([own[name] for own in worlds], axis=1).reshape(36, *worlds[0][name].shape[1:])
        for name in worlds[0]
    }
    path = write(tmp_path / "log.h5", arrays, agents=["a", "b", "c"])
    with pytest.raises(AmbiguousLogError, match="rows of 2 environments in turn") as caught:
        opened(path)
    assert opened(path, caught.value.mapping).episodes.n_timesteps == 36
