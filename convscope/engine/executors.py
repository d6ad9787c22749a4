"""Where blocks are read: in this process, or in several. One seam: ``submit`` returns a future."""

import multiprocessing
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

from threadpoolctl import threadpool_limits

Result = TypeVar("Result")


class Executor(Protocol):
    """Runs functions somewhere."""

    @property
    def window(self) -> int:
        """Calls that may be under way at a time."""
        ...

    def submit(self, function: Callable[..., Result], /, *arguments: object) -> Future[Result]:
        """Start a call."""
        ...


class SerialExecutor:
    """Runs each call at once, in this process."""

    window = 1

    def submit(self, function: Callable[..., Result], /, *arguments: object) -> Future[Result]:
        """Run the call and return its finished future."""
        future: Future[Result] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # the caller meets it at result(), as with any executor
            future.set_exception(error)
        return future


class _ProcessExecutor:
    def __init__(self, pool: ProcessPoolExecutor, n_workers: int) -> None:
        self._pool = pool
        self.window = 4 * n_workers

    def submit(self, function: Callable[..., Result], /, *arguments: object) -> Future[Result]:
        return self._pool.submit(_on_one_thread, function, *arguments)


@contextmanager
def open_executor(n_workers: int) -> Generator[Executor]:
    """Open local workers for the time of an analysis, and keep this process to one thread of linear algebra.

    Parameters
    ----------
    n_workers
        Processes, at least 1; 1 stays in this process.

    Notes
    -----
    More threads would change the last digits with the machine, and cost more than they gain on tables this small.
    """
    with threadpool_limits(1):
        if n_workers == 1:
            yield SerialExecutor()
            return
        # Spawned, not forked: a fork of a process that has used threads may hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(n_workers, mp_context=context)
        try:
            yield _ProcessExecutor(pool, n_workers)
        finally:
            pool.shutdown(cancel_futures=True)


def _on_one_thread(function: Callable[..., Result], *arguments: object) -> Result:
    # Only libraries that are loaded can be limited: by now the call's arguments have loaded them.
    with threadpool_limits(1):
        return function(*arguments)
