"""Gram matrices of units add up exactly, wherever the log is cut."""

import numpy as np
import pytest

from convscope.behaviour.groups import episode_groups
from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.memory import log_from_arrays
from convscope.routing.predictive.clock import ClockFold, make_clock
from convscope.routing.predictive.columns import Kind, column_bank
from convscope.routing.predictive.grams import GramFold
from convscope.routing.predictive.lag import choose_lag
from convscope.routing.predictive.plan import make_plan
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, POSITIONS


def make_log(n_episodes, *, n_steps=12, seed=0):
    rng = np.random.default_rng(seed)
    n_rows = n_episodes * n_steps
    columns = {
        ACTIONS: rng.integers(3, size=(n_rows, 2, 1)).astype(float),
        POSITIONS: 1e3 * rng.normal(size=(n_rows, 2, 2)),
    }
    return log_from_arrays(columns, [n_steps] * n_episodes, ["a", "b"])


def folds_of(log, max_bytes):
    groups = episode_groups(log, AnalysisConfig())
    bank = column_bank(log.header)
    clock = make_clock(log.episodes, groups, n_columns=len(bank))
    with open_executor(1) as executor:
        (sums,) = run_folds(log, [ClockFold(clock=clock, columns=bank)], executor=executor, max_bytes=max_bytes)
        plan = make_plan(bank, sums, clock=clock, n_agents=len(log.header.agents))
        (units,) = run_folds(log, [GramFold(plan=plan)], executor=executor, max_bytes=max_bytes)
    return plan, units


@pytest.mark.parametrize("n_episodes", [40, 700])
def test_the_cut_into_blocks_changes_not_one_bit(n_episodes):
    log = make_log(n_episodes)
    (_, whole), (_, cut) = (folds_of(log, max_bytes) for max_bytes in (1 << 30, 2000))
    assert whole.key.tobytes() == cut.key.tobytes()
    for first, second in zip(whole.grams, cut.grams, strict=True):
        assert first.tobytes() == second.tobytes()


def test_products_by_hand():
    # One column of b's past and one of a's present, both swept of their mean over the episode and over time.
    log = make_log(60, n_steps=6)
    plan, units = folds_of(log, 1 << 30)
    (rows,) = (block.columns[ACTIONS][:, :, 0].reshape(60, 6, 2) for block in log.blocks(frozenset({ACTIONS})))
    design = plan.designs[0]
    columns = [plan.columns[place] for place in design.column.tolist()]
    cells = [
        next(
            place
            for place, column in enumerate(columns)
            if column.kind == Kind.SYMBOL and column.agent == agent and design.lag[place] == lag
        )
        for agent, lag in ((0, 0), (1, 1))
    ]
    swept = []
    for place, lag in zip(cells, (0, 1), strict=True):
        column = columns[place]
        held = (rows[:, :, column.agent] == column.value).astype(float)
        beyond = (held - held.mean(axis=0)) * plan.scale[design.column[place]]
        used = beyond[:, plan.most_lag - lag : 6 - lag]
        swept.append(used - used.mean(axis=1, keepdims=True))
    expected = (swept[0] * swept[1]).sum()
    assert units.grams[0].sum(axis=0)[cells[0], cells[1]] == pytest.approx(expected, abs=1e-5)


def test_samples_are_the_steps_with_a_whole_past():
    plan, units = folds_of(make_log(10), 1 << 30)
    assert units.n_samples[:, 0].tolist() == [12 - plan.most_lag] * 10


@pytest.mark.parametrize("memory", [1, 2, 3])
def test_the_lag_is_as_long_as_the_memory(memory):
    rng = np.random.default_rng(memory)
    actions = rng.integers(3, size=(100, 30, 2))
    repeats = rng.random((100, 30, 2)) < 0.5
    for step in range(memory, 30):
        actions[:, step] = np.where(repeats[:, step], actions[:, step - memory], actions[:, step])
    log = log_from_arrays({ACTIONS: actions.reshape(-1, 2, 1).astype(float)}, [30] * 100, ["a", "b"])
    plan, units = folds_of(log, 1 << 30)
    assert choose_lag(plan, [units], [0, 1]) == memory
