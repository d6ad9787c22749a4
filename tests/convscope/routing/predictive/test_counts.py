"""Counts of actions by hand; only what occurs is held, and parts of a log add up to the whole."""

from dataclasses import fields

import numpy as np
import pytest

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.memory import log_from_arrays
from convscope.routing.estimators.transfer_entropy import ESTIMATOR
from convscope.routing.predictive.pair_counts import CountFold
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTION_MASKS, ACTIONS
from convscope.values.status import Status

N_GROUPS = 12


def make_log(n_agents=3, n_actions=4, n_steps=5, n_checkpoints=N_GROUPS):
    rng = np.random.default_rng(0)
    actions = rng.integers(n_actions, size=(2 * n_checkpoints * n_steps, n_agents, 1)).astype(float)
    labels = [f"step_{number:03}" for number in range(n_checkpoints) for _ in range(2)]
    agents = [f"agent_{number}" for number in range(n_agents)]
    return log_from_arrays({ACTIONS: actions}, [n_steps] * len(labels), agents, checkpoints=labels)


def folded(log, fold, max_bytes=1 << 30):
    with open_executor(1) as executor:
        return run_folds(log, [fold], executor=executor, max_bytes=max_bytes)[0]


def actions_of(log, episode):
    (block,) = log.blocks(frozenset({ACTIONS}))
    start, stop = block.offsets[episode : episode + 2].tolist()
    return block.columns[ACTIONS][start:stop, :, 0].astype(int)


def expected_table(log, group, receiver, sender):
    table = np.zeros((24, 24, 24), dtype=int)
    for episode in np.flatnonzero(log.episodes.checkpoint == group).tolist():
        held = actions_of(log, episode)
        np.add.at(table, (held[:-1, receiver], held[:-1, sender], held[1:, receiver]), 1)
    return table


def test_tables_of_pairs_by_hand():
    log = make_log()
    counts = folded(log, CountFold(group_of=log.episodes.checkpoint, agents=np.arange(3)))
    for group, receiver, sender in ((0, 0, 1), (7, 2, 0), (11, 1, 2)):
        table = counts.of_group(group).table(receiver, sender)
        assert table.tolist() == expected_table(log, group, receiver, sender).tolist()


@pytest.mark.parametrize(("n_agents", "n_actions"), [(7, 3), (3, 23), (2, 30)])
def test_the_dead_those_without_a_choice_and_missing_actions_are_not_counted(n_agents, n_actions):
    rng = np.random.default_rng(n_actions)
    shape = (60, n_agents)
    actions = rng.integers(n_actions, size=shape).astype(float)
    actions[rng.random(shape) < 0.1] = np.nan
    status = np.where(rng.random(shape) < 0.2, Status.DEAD, Status.ACTING).astype(np.uint8)
    masks = (rng.random((*shape, n_actions)) < 2 / n_actions).astype(float)
    agents = [f"agent_{number}" for number in range(n_agents)]
    columns = {ACTIONS: actions[:, :, None], ACTION_MASKS: masks}
    log = log_from_arrays(columns, [13, 1, 46], agents, status=status)
    counts = folded(log, CountFold(group_of=np.zeros(3, dtype=int), agents=np.arange(n_agents)))
    is_there = (status == Status.ACTING) & np.isfinite(actions)
    held = np.minimum(np.nan_to_num(actions), 23).astype(int)
    for receiver, sender in np.ndindex(n_agents, n_agents):
        table = np.zeros((24, 24, 24), dtype=int)
        for row in (*range(1, 13), *range(15, 60)):
            is_sample = is_there[row - 1, [receiver, sender]].all() and is_there[row, receiver]
            if is_sample and masks[row, receiver].sum() >= 2:
                table[held[row - 1, receiver], held[row - 1, sender], held[row, receiver]] += 1
        assert counts.table(receiver, sender).tolist() == table.tolist()


def test_where_nobody_acts_there_is_nothing_to_count():
    status = np.full((20, 2), Status.DEAD, dtype=np.uint8)
    log = log_from_arrays({ACTIONS: np.zeros((20, 2, 1))}, [20], ["a", "b"], status=status)
    assert len(folded(log, CountFold(group_of=np.zeros(1, dtype=int), agents=np.arange(2))).key) == 0


def test_episodes_of_no_group_are_not_counted():
    log = make_log()
    group_of = np.where(log.episodes.checkpoint == 7, 7, -1)
    counts = folded(log, CountFold(group_of=group_of, agents=np.arange(3)))
    assert counts.count.sum() == 2 * 4 * 9
    assert counts.of_group(7).count.sum() == 2 * 4 * 9


@pytest.mark.parametrize("max_bytes", [1, 700])
def test_the_cut_into_blocks_changes_no_count(max_bytes):
    log = make_log()
    fold = CountFold(group_of=log.episodes.checkpoint, agents=np.arange(3))
    whole, cut = folded(log, fold), folded(log, fold, max_bytes)
    assert (whole.key.tobytes(), whole.count.tobytes()) == (cut.key.tobytes(), cut.count.tobytes())
    fold = ESTIMATOR.fold(log, AnalysisConfig())
    whole, cut = folded(log, fold).symbols, folded(log, fold, max_bytes).symbols
    assert all(getattr(whole, f.name).tobytes() == getattr(cut, f.name).tobytes() for f in fields(whole))


def test_a_block_holds_symbols_of_the_groups_that_it_touches_only():
    log = make_log()
    fold = ESTIMATOR.fold(log, AnalysisConfig())
    block = next(iter(log.blocks(fold.fields, max_bytes=1)))
    symbols = fold.add(fold.start(), block).symbols
    assert symbols.group.tolist() == [0]
    assert symbols.together.shape == (1, 12, 12)
    assert symbols.steps.shape == (1, 12, 4)
    held = actions_of(log, 0)
    assert symbols.together[0, held[0, 0], 4 + held[0, 1]] >= 1
    assert symbols.steps[0].sum() == 3 * 4
    assert symbols.together[0].sum() == 9 * 4


def test_large_teams_of_few_episodes_take_little():
    log = make_log(n_agents=20, n_actions=15, n_steps=30)
    counts = folded(log, CountFold(group_of=log.episodes.checkpoint, agents=np.arange(20)))
    # Every cell of 400 pairs in 12 groups would be half a gigabyte.
    assert counts.key.nbytes + counts.count.nbytes < 8 << 20
