"""What an adapter is: the door for frameworks, found through the entry-point group ``convscope.recorders``."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Protocol

from convscope.errors import UsageError
from convscope.recording.journal import RecordingWarning
from convscope.recording.recorder import Recorder

GROUP = "convscope.recorders"
"""Entry-point group through which adapters are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What is recorded of an environment beside observations, actions and rewards."""

    capture: Mapping[str, object] = field(default_factory=dict)
    """By column: a module, the name of one in ``model``, or what else the framework knows a tensor by."""
    model: object | None = None
    """Holds the modules that ``capture`` names."""
    positions: Callable[[object], object] | None = None
    """Takes the environment and returns where each agent is."""
    closes: bool = False
    """Whether the recorder was made for this environment, and is closed with it."""
    keeps_state: bool = False
    """Whether the state of the world is recorded, where the environment tells it."""


class Adapter(Protocol):
    """Records the environments of one framework. Stateless; the first that fits is taken, by name."""

    @property
    def name(self) -> str:
        """Of the framework."""
        ...

    @property
    def description(self) -> str:
        """What it takes, in a few words."""
        ...

    def fits(self, env: object) -> bool:
        """Whether it records such an object; asks only frameworks that the program has imported itself."""
        ...

    def wrap(self, env: object, recorder: Recorder, extras: Extras) -> object:
        """Return what stands in for the environment and records all that happens in it."""
        ...


def adapter_for(env: object) -> Adapter:
    """Return the adapter that fits an object.

    Raises
    ------
    UsageError
        If none does.
    """
    adapters = installed_adapters()
    for adapter in adapters:
        if adapter.fits(env):
            return adapter
    kind = f"{type(env).__module__}.{type(env).__qualname__}"
    known = "; ".join(f"{adapter.name}: {adapter.description}" for adapter in adapters)
    raise UsageError(
        f"no recorder knows a {kind}; there are {known or 'none'}. Anything else records itself with "
        "convscope.record.Recorder (docs/recording.md)"
    )


def installed_adapters() -> Sequence[Adapter]:
    """Return the adapters that are installed, by name, and warn of each that does not import."""
    found: list[Adapter] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            found.append(point.load())
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            message = f"the recorder {point.name} ({point.value}) does not import and is left out: {reason}"
            warnings.warn(message, RecordingWarning, stacklevel=2)
    return tuple(found)
