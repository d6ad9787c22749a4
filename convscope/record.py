"""Recording while a program runs: the door to `Recorder`, and ``convscope.record(env, "log.h5")`` itself.

``convscope.record`` is this module, and can be called: it is `record` then.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TypedDict, TypeVar, Unpack, cast

from convscope.ingest.pair_mapping import Absent, SlotOrder
from convscope.recording.adapter import Adapter, Extras, adapter_for
from convscope.recording.batch import BatchTrace
from convscope.recording.episode import Labels
from convscope.recording.journal import RecordingWarning
from convscope.recording.recorder import Recorder
from convscope.recording.trace import EpisodeTrace
from convscope.recording.weights import weights_of_edges, weights_of_slots
from convscope.values.fields import OwnColumn, RowSum, Weights
from convscope.values.status import EndKind, Status

__all__ = [
    "Absent",
    "Adapter",
    "BatchTrace",
    "EndKind",
    "EpisodeTrace",
    "Extras",
    "Labels",
    "OwnColumn",
    "Recorder",
    "RecordingWarning",
    "RowSum",
    "SlotOrder",
    "Status",
    "Weights",
    "record",
    "weights_of_edges",
    "weights_of_slots",
]

_Env = TypeVar("_Env")


class RecorderOptions(TypedDict, total=False):
    """The options of `Recorder`."""

    agents: Sequence[str]
    action_spaces: Mapping[str, object] | None
    roles: Mapping[str, Sequence[str]] | None
    teams: Mapping[str, Sequence[str]] | None
    framework: str | None
    environment: str | None
    run: str | None
    checkpoint: str | None
    condition: str | None
    weights: Mapping[str, Weights] | None
    commit_seconds: float
    is_live: bool | None


def record(
    env: _Env,
    path: str | Path | Recorder,
    *,
    capture: Mapping[str, object] | None = None,
    model: object | None = None,
    positions: Callable[[object], object] | None = None,
    keeps_state: bool = False,
    **options: Unpack[RecorderOptions],
) -> _Env:
    """Record all that happens in an environment.

    Parameters
    ----------
    env
        Of a framework that an installed adapter knows (``docs/recording.md``).
    path
        Where nothing is yet; or a recorder, which several environments may share.
    capture, model, positions, keeps_state
        As `Extras` has them.
    **options
        Those of `Recorder`, where no recorder is given.

    Returns
    -------
    object
        To be used instead of the environment. Its attribute ``recorder`` is the `Recorder`.

    Raises
    ------
    UsageError
        If no adapter fits, or the environment cannot be recorded as it is.
    OutputError
        If something is at the path already, or the folder cannot be written.
    """
    is_own = not isinstance(path, Recorder)
    extras = Extras(capture=capture or {}, model=model, positions=positions, keeps_state=keeps_state, closes=is_own)
    adapter = adapter_for(env)
    if isinstance(path, Recorder):
        if options:
            raise TypeError(f"{', '.join(options)}: an option of the recorder, which is there already")
        return cast("_Env", adapter.wrap(env, path, extras))
    recorder = Recorder(path, **options)
    try:
        return cast("_Env", adapter.wrap(env, recorder, extras))
    except BaseException:
        recorder.close()
        raise


class _Door(ModuleType):
    """A module that is a function too, because ``convscope.record`` is the name of both."""

    __call__ = staticmethod(record)


sys.modules[__name__].__class__ = _Door
