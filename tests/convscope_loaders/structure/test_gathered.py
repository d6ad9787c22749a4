"""Arrays of many groups that are read as one give the numbers that they give one by one."""

from dataclasses import replace
from functools import partial

import h5py
import numpy as np
import pytest

from convscope.ingest.hdf5.reading import Hdf5Reader
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import opened_by

RNG = np.random.default_rng(0)


def own_arrays(episode, agent):
    n_steps = 3 + episode % 4
    return {
        "obs": RNG.normal(size=(n_steps + 1, 4 + agent)).astype("f4"),
        "act": RNG.integers(5, size=n_steps),
        "rew": RNG.normal(size=n_steps),
    }


def by_agent(file, **options):
    for episode in range(9):
        for agent in range(3):
            if (episode, agent) != (4, 1):
                for name, array in own_arrays(episode, agent).items():
                    file.create_dataset(f"episode_{episode}/agent_{agent}/{name}", data=array, **options)


def shared(file, **options):
    for episode in range(9):
        n_steps = 3 + episode % 4
        arrays = {
            "obs": RNG.normal(size=(n_steps, 3, 4)),
            "actions": RNG.integers(5, size=(n_steps, 3)),
            "rewards": RNG.normal(size=(n_steps, 3)),
            "state": RNG.normal(size=(n_steps, 6)),
        }
        for name, array in arrays.items():
            if (episode, name) != (5, "state"):
                file.create_dataset(f"episode_{episode}/{name}", data=array, **options)


def by_run(file, **options):
    for run in range(3):
        n_rows = 20 + run
        file.create_dataset(f"seed_{run}/obs", data=RNG.normal(size=(n_rows, 2, 4)), **options)
        file.create_dataset(f"seed_{run}/actions", data=RNG.integers(5, size=(n_rows, 2)), **options)
        dones = np.isin(np.arange(n_rows), [4, 9, 15, n_rows - 1])
        file.create_dataset(f"seed_{run}/dones", data=dones, **options)


@pytest.fixture(params=[by_agent, shared, by_run], ids=lambda layout: layout.__name__)
def path(request, tmp_path):
    with h5py.File(tmp_path / "log.h5", "w") as file:
        request.param(file, chunks=True, compression="gzip")
    return tmp_path / "log.h5"


opened = partial(opened_by, LOADER)


def columns_of(log, max_bytes):
    fields = frozenset(spec.name for spec in log.header.fields)
    return [block.columns for block in log.blocks(fields, max_bytes=max_bytes)]


@pytest.mark.parametrize("max_bytes", [1, 600, 1 << 20])
def test_one_by_one_and_together_are_the_same(path, max_bytes):
    log = opened(path)
    (source,) = log.sources
    assert source.stored
    alone = replace(log, sources=(replace(source, stored={}),))
    for together, apart in zip(columns_of(log, max_bytes), columns_of(alone, max_bytes), strict=True):
        assert together.keys() == apart.keys()
        for name, column in together.items():
            np.testing.assert_array_equal(column, apart[name], err_msg=name)


def test_reading_a_block_opens_no_array(path, monkeypatch):
    log = opened(path)
    reads = []
    read = Hdf5Reader.read
    monkeypatch.setattr(Hdf5Reader, "read", lambda self, *asked: (reads.append(asked), read(self, *asked))[1])
    columns_of(log, 1 << 20)
    assert reads == []
