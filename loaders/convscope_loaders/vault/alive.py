"""Which agents of a vault are in the game: a view beside its arrays, computed where it is read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.dead import looks_out

ALIVE = "/alive"
"""Path of the view in the group of each environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSigns:
    """Where a vault shows that an agent is out of the game; paths within the group of an environment."""

    masks: str | None
    """Legal actions, (row, agent, action)."""
    observations: str
    """(row, agent, ...)."""
    flags: tuple[str, ...]
    """End flags with an agent axis, (row, agent); an agent whose flag is set while others go on is out from then on."""

    def alive(self, file: ArrayReader, group: str, *, start: int, stop: int | None) -> BoolArray:
        """Return which agents are in the game in some rows, shape (T, N)."""
        signs = [
            *([self._looks_dead(file, group, self.masks, start=start, stop=stop)] if self.masks is not None else []),
            *([self._has_ended(file, group, start=start, stop=stop)] if self.flags else []),
        ]
        return np.asarray(~np.logical_or.reduce(signs), dtype=np.bool_)

    def _looks_dead(self, file: ArrayReader, group: str, masks: str, *, start: int, stop: int | None) -> BoolArray:
        legal = file.read(f"{group}{masks}", start, stop)
        return looks_out(legal, lambda: file.read(f"{group}{self.observations}", start, stop), 2)

    def _has_ended(self, file: ArrayReader, group: str, *, start: int, stop: int | None) -> BoolArray:
        """Return which agents ended in the row before, while others did not, shape (T, N)."""
        read = [file.read(f"{group}{path}", max(start - 1, 0), stop) for path in self.flags]
        ended = np.asarray(np.logical_or.reduce([flags != 0 for flags in read]), dtype=np.bool_)
        alone = ended & ~ended.all(axis=1, keepdims=True)
        return alone[:-1] if start else np.concatenate([np.zeros_like(alone[:1]), alone[:-1]])


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveView:
    """Who is in the game, in the rows of one environment."""

    group: str
    """Of the environment."""
    signs: LifeSigns
    shape: tuple[int, int]
    """(rows, agents)."""

    @property
    def info(self) -> ArrayInfo:
        """A truth value for each row and agent."""
        return ArrayInfo(path=f"{self.group}{ALIVE}", shape=self.shape, dtype="|b1")

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        return self.signs.alive(file, self.group, start=start, stop=stop)
