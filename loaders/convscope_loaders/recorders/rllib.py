"""RLlib's environment runners, by a callback: ``config.callbacks(ConvscopeCallback("log.h5"))``."""

import os
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Protocol, Unpack

from convscope.errors import OutputError, UsageError
from convscope.record import EndKind, Extras, Recorder, RecorderOptions
from convscope.recording.names import column_named
from convscope.values.fields import Level
from convscope_loaders.recorders.captured_keys import captured_key
from convscope_loaders.recorders.rllib_episodes import Episode, EpisodeRecord, Key, end_of_episode


class EnvRunner(Protocol):
    """What is used of what runs environments."""

    worker_index: int
    config: Any


class ConvscopeCallback:
    """Makes the callback of each process that runs environments; each has a file of its own.

    Parameters
    ----------
    path
        Where nothing is yet: of the runner in the process itself. Another one writes to ``<name>.runner-<k>`` beside
        it, those of evaluations to ``<name>.evaluation`` and ``<name>.evaluation-<k>``.
    capture
        Outputs of the modules that are recorded, by column: a key, such as ``action_dist_inputs``, or a tuple of keys
        that leads into what is nested, such as ``("state_out", "h")``.
    **options
        Those of `Recorder`. A run is called after the file unless it is named.

    Raises
    ------
    OutputError
        If something is at the path already.
    UsageError
        If a column is called like nothing, or something is no key.
    """

    def __init__(
        self, path: str | Path, *, capture: Mapping[str, object] | None = None, **options: Unpack[RecorderOptions]
    ) -> None:
        # Other processes work in other folders.
        self.path = Path(path).absolute()
        self.capture = {column: _key(column, key) for column, key in (capture or {}).items()}
        self.options = options
        self.options.setdefault("run", self.path.stem)
        if os.path.lexists(self.path):
            raise OutputError(f"{self.path} exists already and is not overwritten; choose another name or remove it")

    def __call__(self) -> object:
        """Return a callback of RLlib's own kind."""
        callback = _callback_class()()
        callback.begin_recording(self)
        return callback


class RunnerRecording:
    """What a callback does to record; goes before RLlib's own callback class."""

    def begin_recording(self, settings: ConvscopeCallback) -> None:
        """Record all episodes from now on."""
        self.recorder: Recorder | None = None
        """From the first episode on."""
        self._settings = settings
        self._records: dict[int, EpisodeRecord] = {}

    def on_episode_start(self, *, episode: Episode, env_runner: EnvRunner, env_index: int, **_: object) -> None:
        """Begin an episode; one that goes on in the same environment is cut."""
        if not hasattr(episode, "agent_episodes"):
            raise UsageError("an episode of a single agent; convscope looks at teams of two or more")
        if self.recorder is None:
            self.recorder = _recorder(self._settings, env_runner)
            self.recorder.agents = tuple(str(agent) for agent in episode.action_space)
            spaces = {str(agent): space for agent, space in episode.action_space.items()}
            self.recorder.describe(action_spaces=spaces, framework="RLlib", environment=str(env_runner.config.env))
            for sentence in _ASSUMPTIONS:
                self.recorder.assume(sentence)
        self._finish(env_index, EndKind.CUT)
        self._records[env_index] = EpisodeRecord(self.recorder, self._settings.capture, episode)

    def on_episode_step(self, *, episode: Episode, env_index: int, **_: object) -> None:
        """Keep a step."""
        if env_index in self._records:
            self._records[env_index].step(episode)

    def on_episode_end(self, *, episode: Episode, env_index: int, **_: object) -> None:
        """Hand on an episode."""
        self._finish(env_index, end_of_episode(episode))

    def on_sample_end(self, **_: object) -> None:
        """Commit what was sampled: a runner may be killed at any time."""
        if self.recorder is not None:
            self.recorder.commit()

    def _finish(self, env_index: int, end: EndKind) -> None:
        record = self._records.pop(env_index, None)
        if record is not None:
            record.finish(end)


_ASSUMPTIONS = (
    "observations are those of the environment, before connectors change them",
    "what an agent gets while it waits is counted to its last action, as RLlib does",
    "RLlib marks a pure time limit as terminated and truncated: which of the two an end was is not known",
)


class RLlibAdapter:
    """Says how RLlib is recorded: its environments run in processes of their own."""

    name = "rllib"
    description = 'RLlib, by config.callbacks(convscope_loaders.recorders.rllib.ConvscopeCallback("log.h5"))'

    def fits(self, env: object) -> bool:
        """Whether it is something of RLlib; false for everything as long as RLlib is not imported."""
        return "ray.rllib" in sys.modules and any(
            kind.__module__.startswith("ray.rllib.") for kind in type(env).__mro__
        )

    def wrap(self, env: object, recorder: Recorder, extras: Extras) -> object:  # noqa: ARG002  as adapters have it
        """Raise, because the callback is made where the environment runs."""
        raise UsageError(
            f"a {type(env).__name__} runs environments in other processes; it is recorded as {self.description}"
        )


def _recorder(settings: ConvscopeCallback, env_runner: EnvRunner) -> Recorder:
    """Return the recorder of a runner; a runner that takes the place of another one has a file of its own, too."""
    is_evaluation = bool(getattr(env_runner.config, "in_evaluation", False))
    index = env_runner.worker_index
    kind = ".evaluation" if is_evaluation else ".runner" if index else ""
    stem = f"{settings.path.stem}{kind}{f'-{index}' if index else ''}"
    names = (f"{stem}{f'.{number:04d}' if number > 1 else ''}{settings.path.suffix}" for number in count(1))
    free = (path for name in names if not os.path.lexists(path := settings.path.with_name(name)))
    recorder = Recorder(next(free), **settings.options)
    what = "evaluation" if is_evaluation else "collection"
    recorder.condition = what if recorder.condition is None else f"{recorder.condition}, {what}"
    return recorder


def _key(column: str, key: object) -> Key:
    level = column_named(column)[1]
    if level is Level.TEAM:
        raise UsageError(f"capture: the outputs of modules are of each agent, and {column} is of the team")
    return captured_key(column, key, what="key of a module's output")


@cache
def _callback_class() -> Any:  # noqa: ANN401  a class of RLlib, which is not imported before it is needed
    package = import_module("ray.rllib.callbacks.callbacks")
    return type("RunnerCallback", (RunnerRecording, package.RLlibCallback), {})


ADAPTER = RLlibAdapter()
"""What the entry point names."""
