"""Wrappers of environments that record, whatever library made the environment."""

from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

from convscope.record import Extras, Recorder


class Closable(Protocol):
    """An environment."""

    def close(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  some take options
        """Release what the environment holds."""
        ...


EnvT = TypeVar("EnvT", bound=Closable)


class Recording(ABC, Generic[EnvT]):
    """What a wrapper does to record; goes before the library's own wrapper class, which keeps the ``env``."""

    env: EnvT

    def begin_recording(self, recorder: Recorder, extras: Extras) -> None:
        """Record all episodes from now on.

        Parameters
        ----------
        recorder
            Takes them.
        extras
            What is recorded beside observations, actions and rewards.
        """
        self.recorder = recorder
        self._extras = extras
        self._begin()

    def close(self, **options: object) -> None:
        """Close the environment, and the recorder if it was made for it."""
        self._finish()
        self.env.close(**options)
        if self._extras.closes:
            self.recorder.close()

    @abstractmethod
    def _begin(self) -> None:
        """Make ready to record the environment."""

    @abstractmethod
    def _finish(self) -> None:
        """End the episodes that go on."""


def wrapped(env: object, recorder: Recorder, extras: Extras, *, kinds: tuple[Any, Any]) -> object:
    """Return an environment that records itself.

    Parameters
    ----------
    env
        The environment.
    recorder, extras
        As in `Recording.begin_recording`.
    kinds
        A `Recording`, and the wrapper class of the environment's library, which is known only once a program has
        imported it.
    """
    wrapper = type("RecordedEnv", kinds, {})(env)
    wrapper.begin_recording(recorder, extras)
    return wrapper
