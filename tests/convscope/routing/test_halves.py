"""Halves of the episodes are drawn run by run."""

import numpy as np
import pytest

from convscope.routing.halves import split_in_halves
from convscope.values.routing import RoutingTallies


def tallies(units_of_run):
    unit = np.concatenate([np.repeat(units, 2) for units in units_of_run])
    run = np.repeat(np.arange(len(units_of_run)), [2 * len(units) for units in units_of_run])
    n_rows = len(unit)
    return RoutingTallies(
        run=run,
        unit=unit,
        receiver=np.tile([0, 1], n_rows // 2),
        valid=np.ones((n_rows, 2), dtype=np.bool_),
        mass=np.full((n_rows, 2), 0.5),
        n_steps=np.ones(n_rows),
        roles=np.zeros((n_rows, 2), dtype=np.int64),
        runs=tuple(f"run_{number}" for number in range(len(units_of_run))),
    )


def test_every_run_is_halved_and_no_episode_is_torn():
    whole = tallies([np.arange(6), np.arange(4)])
    for first, second in split_in_halves(whole, rng=np.random.default_rng(0), n_splits=20):
        for run, n_half in ((0, 3), (1, 2)):
            units = [set(half.unit[half.run == run]) for half in (first, second)]
            assert len(units[0]) == len(units[1]) == n_half
            assert not units[0] & units[1]


def test_every_episode_is_as_likely_in_either_half():
    whole = tallies([np.arange(4)])
    firsts = [first.unit for first, _ in split_in_halves(whole, rng=np.random.default_rng(1), n_splits=400)]
    shares = np.bincount(np.concatenate(firsts), minlength=4) / 800
    assert shares == pytest.approx([0.5] * 4, abs=0.08)
