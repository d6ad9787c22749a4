"""What every kind of rollout comes to before the environments' states beside it are inferred."""

from typing import Protocol

from convscope.ingest.container import Container
from convscope_loaders.structure.known import Known


class Kind(Protocol):
    """One way in which JaxMARL's baselines keep rollouts."""

    @property
    def reason(self) -> str:
        """What speaks for it, in a few words."""
        ...

    def understand(self, container: Container, place: str) -> Known:
        """Return its arrays without axes that agents and environments share; the states are left to be inferred.

        Raises
        ------
        AmbiguousLogError
            If they can be read in more than one way.
        LogFormatError
            If they contradict each other.
        """
        ...
