"""What every kind of rollout comes to before the environments' states beside it are inferred."""

from dataclasses import dataclass
from typing import Protocol

from convscope.ingest.container import Container
from convscope.ingest.mapping import LogMapping
from convscope.values.header import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A rollout without axes that agents and environments share."""

    container: Container
    mapping: LogMapping
    """Of the rollout; the states are left to be inferred."""
    assumptions: tuple[str, ...]
    notices: tuple[Notice, ...]


class Kind(Protocol):
    """One way in which JaxMARL's baselines keep rollouts."""

    @property
    def reason(self) -> str:
        """What speaks for it, in a few words."""
        ...

    def understand(self, container: Container, place: str) -> Understood:
        """Return what its arrays mean.

        Raises
        ------
        AmbiguousLogError
            If they can be read in more than one way.
        LogFormatError
            If they contradict each other.
        """
        ...
