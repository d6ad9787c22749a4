"""Roles that show in nothing but what agents pick up and put down are found."""

from dataclasses import replace

import numpy as np
import polars as pl

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.roles.discover import discover_roles
from convscope.values.config import AnalysisConfig

N_EPISODES, N_STEPS = 40, 25
AGENTS = ("ann", "bob", "cid", "dee")


def kitchen(busy_rate):
    """Four random walkers; two of them change what they hold at ``busy_rate``, the others once in ten steps."""
    rng = np.random.default_rng(0)
    rows = N_EPISODES * N_STEPS
    changes = rng.uniform(size=(N_EPISODES, N_STEPS, 4)) < np.array([busy_rate, busy_rate, 0.1, 0.1])
    columns = {
        "actions": rng.integers(5, size=(rows, 4, 1)).astype(float),
        "positions": rng.normal(size=(rows, 4, 2)),
        "info/held": (changes.cumsum(axis=1) % 3).reshape(rows, 4).astype(float),
    }
    log = log_from_arrays(columns, [N_STEPS] * N_EPISODES, AGENTS)
    fields = tuple(
        replace(spec, values=("none", "onion", "dish")) if spec.name == "info/held" else spec
        for spec in log.header.fields
    )
    return replace(log, header=replace(log.header, fields=fields))


def roles_of(log):
    config = AnalysisConfig(n_permutations=199)
    with open_executor(1) as executor:
        (table,) = run_folds(log, [FeatureFold(log, config)], executor=executor, max_bytes=1 << 20)
    return discover_roles(table, log, agents=AGENTS, config=config)


def test_the_busy_and_the_idle_are_two_roles():
    found = roles_of(kitchen(0.5))
    assert (found.k, found.k_agents) == (2, 2)
    busy = found.table.filter(pl.col("agent").is_in(["ann", "bob"]))["role"].to_numpy()
    idle = found.table.filter(pl.col("agent").is_in(["cid", "dee"]))["role"].to_numpy()
    assert np.mean(busy == busy[0]) > 0.95
    assert np.mean(idle != busy[0]) > 0.95


def test_where_all_are_as_busy_there_is_one_role():
    found = roles_of(kitchen(0.1))
    assert (found.k, found.k_agents) == (1, 1)
