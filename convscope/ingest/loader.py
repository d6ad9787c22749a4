"""What a loader is: the door for frameworks, found through the entry-point group ``convscope.loaders``."""

from dataclasses import dataclass
from typing import Protocol

from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog

ONLY_MAPPED = 0.1
"""Score of a file whose arrays could be read if a mapping said what they mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How well a loader fits a file."""

    score: float
    """0 = not at all, `ONLY_MAPPED` = with a mapping, 0.5 = by structure alone, 0.9 = by the framework's own
    signs, 1 = the file names its format."""
    reason: str
    """What speaks for it, or against it, in a few words."""
    is_log: bool = True
    """False for what the loader knows and refuses, such as the scalars of a run; beside logs it is passed over."""


class Loader(Protocol):
    """Reads one family of files. Stateless; the best `Match` wins and a tie is an error."""

    @property
    def name(self) -> str:
        """As ``--loader`` takes it."""
        ...

    @property
    def description(self) -> str:
        """What it reads, in a line."""
        ...

    @property
    def requires(self) -> tuple[str, ...]:
        """Optional packages that it needs, by distribution name; usually none."""
        ...

    @property
    def takes_mapping(self) -> bool:
        """Whether `open` follows a mapping; one that ignores it is never given any."""
        ...

    def sniff(self, probe: Probe) -> Match:
        """Say how well the file fits, from what the probe saw; never reads the file again."""
        ...

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log of one file; lazy, and with all that was assumed in its `InputFile`."""
        ...
