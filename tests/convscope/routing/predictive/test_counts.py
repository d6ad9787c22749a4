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
from convscope.values.fields import ACTIONS

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
