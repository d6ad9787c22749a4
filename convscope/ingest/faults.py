"""Collects what is wrong in a file, so that all of it is told at once."""

from collections.abc import Generator
from contextlib import contextmanager

from convscope.errors import ConvscopeError

_MOST_TOLD = 30


class Faults:
    """The faults of one file, in the order in which they were found."""

    def __init__(self) -> None:
        self._found: list[ConvscopeError] = []

    @contextmanager
    def kept(self) -> Generator[None]:
        """Keep an error that is raised inside, and go on behind."""
        try:
            yield
        except ConvscopeError as error:
            self._found.append(error)

    def raise_all(self) -> None:
        """Raise the first fault, the others as its notes; nothing where there is none."""
        if not self._found:
            return
        first, *others = self._found
        for other in others[: _MOST_TOLD - 1]:
            first.add_note(str(other))
        if len(others) >= _MOST_TOLD:
            first.add_note(f"and {len(others) + 1 - _MOST_TOLD} more faults")
        raise first
