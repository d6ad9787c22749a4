"""BenchMARL experiments, by a callback: ``Experiment(..., callbacks=[ConvscopeCallback("log.h5")])``."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Unpack

from convscope.errors import UsageError
from convscope.record import Extras, Recorder, RecorderOptions
from convscope_loaders.recorders.benchmarl_batches import BatchRecording, Experiment
from convscope_loaders.recorders.tensordict_types import TensorDict


class RecordingCallback:
    """What a callback does to record; goes before BenchMARL's own callback class."""

    experiment: Experiment
    recorder: Recorder | None = None
    """From the setup of the experiment on. Close it when the experiment is over, or leave it to the program's end."""
    has_collection = True
    """Whether episodes are recorded that were collected for training."""
    has_evaluation = True
    """Whether episodes of evaluations are recorded."""
    _recording: BatchRecording | None = None

    def begin(self, recorder: Recorder, extras: Extras) -> None:
        """Begin to record; the experiment is set up."""
        self.recorder = recorder
        self._recording = BatchRecording(self.experiment, recorder, extras)

    def on_batch_collected(self, batch: TensorDict) -> None:
        """Record what was collected."""
        if self._recording is not None and self.has_collection:
            self._recording.keep_batch(batch)

    def on_evaluation_end(self, rollouts: Sequence[TensorDict]) -> None:
        """Record what was evaluated."""
        if self._recording is not None and self.has_evaluation:
            self._recording.keep_rollouts(rollouts)


class RecordingFromTheStart(RecordingCallback):
    """The same for an experiment that is yet to be made.

    Parameters
    ----------
    path
        Where nothing is yet. An experiment that is restored goes on in a file beside the one that is there already.
    capture, keeps_state
        As `convscope.record` has them; what is captured is named by the keys of the batches.
    has_collection, has_evaluation
        Whether the episodes collected for training are recorded, and those of evaluations.
    **options
        Those of `Recorder`.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        capture: Mapping[str, object] | None = None,
        keeps_state: bool = False,
        has_collection: bool = True,
        has_evaluation: bool = True,
        **options: Unpack[RecorderOptions],
    ) -> None:
        super().__init__()
        self.has_collection = has_collection
        self.has_evaluation = has_evaluation
        self._path = Path(path)
        self._extras = Extras(capture=capture or {}, keeps_state=keeps_state)
        self._options = options

    def on_setup(self) -> None:
        """Begin to record."""
        # Not before, because an experiment pickles its callbacks to restore them later.
        is_restored = self.experiment.config.restore_file is not None
        self.begin(Recorder(_free(self._path) if is_restored else self._path, **self._options), self._extras)


class BenchmarlAdapter:
    """Records experiments of BenchMARL."""

    name = "benchmarl"
    description = "experiments of BenchMARL"

    def fits(self, env: object) -> bool:
        """Whether it is one; false for everything as long as BenchMARL is not imported."""
        package = sys.modules.get("benchmarl.experiment")
        return package is not None and isinstance(env, package.Experiment)

    def wrap(self, env: Any, recorder: Recorder, extras: Extras) -> object:  # noqa: ANN401  known by `fits`
        """Return the experiment itself, with a callback more."""
        callback = _completed(RecordingCallback, "RecordingCallback")()
        callback.experiment = env
        callback.begin(recorder, extras)
        env.callbacks.append(callback)
        env.recorder = recorder
        return env


def __getattr__(name: str) -> Any:  # noqa: ANN401  a class that is made when it is asked for
    if name == "ConvscopeCallback":
        return _completed(RecordingFromTheStart, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _completed(callback: type[RecordingCallback], name: str) -> Any:  # noqa: ANN401  as above
    """Return a callback that is one of BenchMARL's, which is not imported before it is needed."""
    try:
        package = import_module("benchmarl.experiment")
    except ImportError as error:
        raise UsageError(f"{name} needs BenchMARL: pip install benchmarl") from error
    return type(name, (callback, package.Callback), {"__module__": __name__})


def _free(path: Path) -> Path:
    if not os.path.lexists(path):
        return path
    names = (path.with_name(f"{path.stem}.restored-{number}{path.suffix}") for number in count(1))
    return next(name for name in names if not os.path.lexists(name))


ADAPTER = BenchmarlAdapter()
"""What the entry point names."""
