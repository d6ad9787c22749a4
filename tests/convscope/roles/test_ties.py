"""Counts of few events: the gaps between them are no valleys."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.roles.dip import dip_p_value, dip_statistic
from convscope.roles.discover import discover_roles
from convscope.roles.ties import steps_of, ties_of
from convscope.roles.units import prepare_units
from convscope.simulate.behaviours import planted_roles
from convscope.values.config import AnalysisConfig
from convscope.values.features import FeatureTable

AGENTS = tuple(f"agent_{i}" for i in range(5))


def found_in(columns, n_steps, seed=0):
    n_rows = len(columns["actions"])
    log = log_from_arrays(columns, [n_steps] * (n_rows // n_steps), list(AGENTS))
    config = AnalysisConfig(seed=seed, n_permutations=99)
    with open_executor(1) as executor:
        (table,) = run_folds(log, [FeatureFold(log, config)], executor=executor, max_bytes=32 << 20)
    return discover_roles(table, log, agents=AGENTS, config=config)


def actions_of(share, n_steps, rng):
    """Binary actions of episodes, given each agent's share of ones in each, shape (E, N)."""
    draws = rng.uniform(size=(len(share), n_steps, share.shape[1])) < share[:, np.newaxis]
    return draws.reshape(-1, share.shape[1], 1).astype(np.float64)


def rare_action(rng):
    return {"actions": actions_of(np.full((50, 5), 0.03), 30, rng)}, 30


def rare_reward(share, n_steps, rng):
    rewards = (rng.uniform(size=(50 * n_steps, 5)) < share).astype(np.float64)
    return {"actions": rng.integers(4, size=(50 * n_steps, 5, 1)).astype(np.float64), "rewards": rewards}, n_steps


RARE = {
    "an action once in 33 of 30 steps": rare_action,
    "a reward once in 33 of 25 steps": lambda rng: rare_reward(0.03, 25, rng),
    "a reward once in 100 of 50 steps": lambda rng: rare_reward(0.01, 50, rng),
}


def units_of(values):
    """Units of one agent whose first feature has these values."""
    table, _ = planted_roles(np.zeros((1, 2)), np.zeros((len(values), 1), dtype=int), rng=generator(0))
    frame = table.frame.with_columns(pl.Series(table.features[0].name, np.asarray(values, dtype=np.float64)))
    units = prepare_units(FeatureTable(frame=frame, features=table.features), np.ones(len(values), bool), AGENTS[:1])
    return units, frame[table.features[0].name].to_numpy()[units.row]


@pytest.mark.parametrize("kind", RARE)
def test_exchangeable_agents_with_rare_events_have_one_role(kind):
    found = [found_in(*RARE[kind](generator(draw, kind)), seed=draw) for draw in range(12)]
    # Three of 12 draws would be a 2 % event, if more roles than one were found in one draw of twenty.
    assert [f.k for f in found].count(1) >= 10


def test_roles_that_differ_in_how_often_something_rare_happens_are_found():
    rng = generator(1)
    share = np.stack([rng.permutation([0.0, 0.0, 0.5, 0.5, 0.5]) for _ in range(40)])
    assert found_in({"actions": actions_of(share, 25, rng)}, 25).k == 2


def test_agents_that_always_differ_hold_roles_of_two_values():
    share = np.tile([0.0, 1.0, 1.0, 0.0, 1.0], (30, 1))
    found = found_in({"actions": actions_of(share, 25, generator(2))}, 25)
    assert (found.k, found.k_agents) == (2, 2)


def test_a_value_shared_by_many_reaches_half_the_way_to_its_neighbours():
    units, values = units_of([0.0] * 10 + [1.0] * 6 + [3.0] * 4)
    ties, deviation = ties_of(units, 0), units.deviation[0]
    below = {0.0: -0.5, 1.0: -0.5, 3.0: -1.0}
    above = {0.0: 0.5, 1.0: 1.0, 3.0: 1.0}
    np.testing.assert_allclose(ties.below[:, 0] * deviation, [below[v] for v in values], atol=1e-8)
    np.testing.assert_allclose(ties.above[:, 0] * deviation, [above[v] for v in values], atol=1e-8)
    assert not ties.below[:, 1].any()
    assert not ties.above[:, 1].any()


def test_counts_of_few_events_have_valleys_only_without_room():
    units, _ = units_of(np.repeat([0.0, 1.0, 2.0], [60, 40, 20]))
    line, ties = units.standard[:, 0], ties_of(units, 0)
    direction = units.axes.T[:, 0]
    moved = line + ties.shift(direction / (units.axes @ direction)[0])
    assert dip_p_value(dip_statistic(line), len(line)) < 0.01
    assert dip_p_value(dip_statistic(moved), len(line)) > 0.2


@given(st.lists(st.integers(0, 4), min_size=8, max_size=40), st.integers(0, 5))
def test_no_unit_leaves_its_cell(counts, seed):
    units, _ = units_of(counts)
    ties = ties_of(units, seed)
    assert (ties.below <= 0).all()
    assert (ties.above >= 0).all()
    direction = np.eye(units.axes.shape[1])[0]
    reach = (ties.above - ties.below) @ np.abs(units.axes @ direction)
    assert (np.abs(ties.shift(direction)) <= reach + 1e-12).all()


def test_room_of_half_a_step_keeps_wider_gaps_open():
    units, values = units_of(np.repeat([0.0, 1.0, 2.0, 9.0, 10.0], 8))
    ties = steps_of(units, 0)
    deviation = units.deviation[0]
    np.testing.assert_allclose(ties.above[:, 0] * deviation, 0.5)
    np.testing.assert_allclose(ties.below[:, 0] * deviation, -0.5)
    assert len(values) == 40


def test_values_that_hardly_repeat_have_no_steps():
    units, _ = units_of(generator(0).normal(size=40))
    assert not steps_of(units, 0).is_coarse[0]
