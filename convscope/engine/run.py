"""One pass over a log for any number of folds, here or in other processes."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

from convscope.engine.executors import Executor
from convscope.engine.fold import Fold, merge_all, start_all
from convscope.engine.tree import TreeReduction
from convscope.errors import WorkerLostError
from convscope.values.log import BlockTask, TrajectoryLog

Progress = Callable[[int, int], None]
"""Called with blocks done and blocks in all."""


def run_folds(
    log: TrajectoryLog,
    folds: Sequence[Fold],
    *,
    executor: Executor,
    max_bytes: int,
    progress: Progress | None = None,
) -> list[Any]:
    """Read a log once and return the result of each fold.

    Parameters
    ----------
    log
        At least one episode.
    folds
        Share the pass: the fields that any of them reads are read once.
    executor
        Where blocks are read; the result does not depend on it.
    max_bytes
        Size of a block; part of what determines the last digits of sums.
    progress
        Told after each block.
    """
    fields = frozenset[str]().union(*(fold.fields for fold in folds))
    tasks = log.tasks(fields, max_bytes=max_bytes)
    tree: TreeReduction[list[Any]] = TreeReduction(len(tasks), partial(merge_all, folds))
    waiting: dict[Future[list[Any]], int] = {}
    coming = iter(enumerate(tasks))
    n_done = 0
    # A bounded window keeps memory flat however many blocks a log has.
    while True:
        while len(waiting) < executor.window and (upcoming := next(coming, None)) is not None:
            leaf, task = upcoming
            waiting[executor.submit(_fold_block, tuple(folds), task.alone())] = leaf
        if not waiting:
            break
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=waiting.__getitem__):
            leaf = waiting.pop(future)
            tree.add(leaf, _result(future, log, tasks[leaf]))
            n_done += 1
            if progress is not None:
                progress(n_done, len(tasks))
    return [fold.finish(state) for fold, state in zip(folds, tree.result(), strict=True)]


def _result(future: Future[list[Any]], log: TrajectoryLog, task: BlockTask) -> list[Any]:
    try:
        return future.result()
    except BrokenProcessPool as error:
        names = ", ".join(file.name for file in log.header.inputs)
        first, last = log.episodes.path[int(task.episodes[0])], log.episodes.path[int(task.episodes[-1])]
        raise WorkerLostError(
            f"a process died while reading {names}, near {first} to {last}: memory ran out, or the file is crafted; "
            "try --workers 1, and only files that you trust"
        ) from error


def _fold_block(folds: tuple[Fold, ...], task: BlockTask) -> list[Any]:
    return start_all(folds, task.load())
