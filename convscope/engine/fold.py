"""Folds: computations over timesteps whose states add up, so that they run anywhere and share one pass."""

from collections.abc import Sequence
from typing import Any, Protocol

from convscope.values.log import Block


class Fold(Protocol):
    """Reads blocks of whole episodes and keeps a small state.

    ``merge`` is associative up to rounding; the engine always merges along the same tree over blocks in log order, so
    the result has the same bytes for any number of workers. States and folds are picklable.
    """

    # The state's type is the fold's own affair; the engine only carries it.
    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that ``add`` reads; fields that a log lacks are left out of the block."""
        ...

    def start(self) -> Any:  # noqa: ANN401
        """Return the state of no blocks."""
        ...

    def add(self, state: Any, block: Block) -> Any:  # noqa: ANN401
        """Return the state after one more block."""
        ...

    def merge(self, first: Any, second: Any) -> Any:  # noqa: ANN401
        """Return the state of both; ``first`` holds the earlier blocks."""
        ...

    def finish(self, state: Any) -> Any:  # noqa: ANN401
        """Return the result of a state."""
        ...


def start_all(folds: Sequence[Fold], block: Block) -> list[Any]:
    """Return each fold's state of one single block."""
    return [fold.add(fold.start(), block) for fold in folds]


def merge_all(folds: Sequence[Fold], first: list[Any], second: list[Any]) -> list[Any]:
    """Return each fold's state of both."""
    return [fold.merge(a, b) for fold, a, b in zip(folds, first, second, strict=True)]
