"""A watch over calls into native code: a stranger's network may be built to run for ever."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Thread

MOST_SECONDS = 120.0
"""Of one call, which is some thousand rows at most."""
_LOOKS_EVERY = 0.25


class Watch:
    """Asks a call to stop when it takes too long; one thread, started at the first call, that ends with the process.

    Parameters
    ----------
    stop
        Makes the call under way return with an error.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._since: float | None = None
        self._is_started = False

    @contextmanager
    def call(self) -> Generator[None]:
        """Watch what is called inside."""
        if not self._is_started:
            self._is_started = True
            Thread(target=self._look, daemon=True).start()
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def _look(self) -> None:
        while True:
            time.sleep(_LOOKS_EVERY)
            since = self._since
            if since is not None and time.monotonic() - since > MOST_SECONDS:
                self._stop()
