"""One pass gives the same bytes wherever it runs."""

import hashlib
import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.engine.tree import TreeReduction
from convscope.errors import WorkerLostError
from convscope.ingest.memory import log_from_arrays
from convscope.values.fields import POSITIONS


class PositionSums:
    """Sums of positions, whose rounding depends on the order of addition."""

    fields = frozenset({POSITIONS})

    def start(self):
        return np.zeros(2)

    def add(self, state, block):
        return state + block.columns[POSITIONS].sum(axis=(0, 1))

    def merge(self, first, second):
        return first + second

    def finish(self, state):
        return state


class EpisodeNumbers:
    """The episodes in the order in which they are merged."""

    fields = frozenset[str]()

    def start(self):
        return []

    def add(self, state, block):
        return [*state, *block.episodes.tolist()]

    def merge(self, first, second):
        return first + second

    def finish(self, state):
        return state


def positions_log(n_episodes=37):
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 9, n_episodes)
    positions = rng.normal(size=(lengths.sum(), 3, 2)) * 10.0 ** rng.integers(-6, 6, (lengths.sum(), 1, 1))
    return log_from_arrays({POSITIONS: positions}, lengths, ["a", "b", "c"])


@pytest.mark.parametrize("n_workers", [1, 2, 3])
def test_sums_have_the_same_bytes_for_any_number_of_workers(n_workers):
    log = positions_log()
    with open_executor(n_workers) as executor:
        sums, episodes = run_folds(log, [PositionSums(), EpisodeNumbers()], executor=executor, max_bytes=500)
    with open_executor(1) as executor:
        (expected,) = run_folds(log, [PositionSums()], executor=executor, max_bytes=500)
    assert hashlib.sha256(sums.tobytes()).digest() == hashlib.sha256(expected.tobytes()).digest()
    assert episodes == list(range(37))


def test_progress_counts_every_block():
    log, seen = positions_log(), []
    with open_executor(1) as executor:
        run_folds(log, [EpisodeNumbers()], executor=executor, max_bytes=60, progress=lambda n, of: seen.append((n, of)))
    assert seen == [(n + 1, len(seen)) for n in range(len(seen))]
    assert len(seen) > 3


def test_an_error_in_a_block_reaches_the_caller():
    class Failing(EpisodeNumbers):
        def add(self, state, block):
            raise LookupError("no such thing")

    with open_executor(1) as executor, pytest.raises(LookupError, match="no such thing"):
        run_folds(positions_log(), [Failing()], executor=executor, max_bytes=500)


@pytest.mark.parametrize("n_leaves", range(1, 40))
def test_the_tree_merges_neighbours_in_order_whatever_the_order_of_arrival(n_leaves):
    arrival = np.random.default_rng(n_leaves).permutation(n_leaves)
    tree = TreeReduction(n_leaves, lambda first, second: f"({first}{second})")
    in_order = TreeReduction(n_leaves, lambda first, second: f"({first}{second})")
    for leaf in arrival.tolist():
        tree.add(leaf, chr(65 + leaf))
    for leaf in range(n_leaves):
        in_order.add(leaf, chr(65 + leaf))
    assert tree.result() == in_order.result()
    assert tree.result().replace("(", "").replace(")", "") == "".join(chr(65 + leaf) for leaf in range(n_leaves))


class ThreadCounts:
    """The most threads of any linear algebra library where blocks are folded."""

    fields = frozenset[str]()

    def start(self):
        return 0

    def add(self, state, block):
        return max([state, *(pool["num_threads"] for pool in threadpool_info())])

    def merge(self, first, second):
        return max(first, second)

    def finish(self, state):
        return state


@pytest.mark.parametrize("n_workers", [1, 2])
def test_blocks_are_folded_on_one_thread_everywhere(n_workers):
    with open_executor(n_workers) as executor:
        assert run_folds(positions_log(), [ThreadCounts()], executor=executor, max_bytes=500) == [1]


class Deadly(EpisodeNumbers):
    """Dies as a process does that a crafted file crashes."""

    def add(self, state, block):
        os._exit(11)


def test_a_worker_that_dies_is_an_error_that_names_the_place():
    with open_executor(2) as executor, pytest.raises(WorkerLostError, match="a process died while reading"):
        run_folds(positions_log(), [Deadly()], executor=executor, max_bytes=500)
