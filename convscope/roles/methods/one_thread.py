"""One thread for fits of few units: more are slower, and change the last digits with the machine."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Generator[None]:
    """Keep the thread pools of the numeric libraries to one thread."""
    with _controller().limit(limits=1):
        yield


@cache
def _controller() -> ThreadpoolController:
    # Looking for the pools takes longer than a fit; by now the libraries that have some are loaded.
    return ThreadpoolController()
