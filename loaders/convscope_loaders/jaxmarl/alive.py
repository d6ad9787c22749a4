"""Who is in the game, by the flags of single agents."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader
from convscope.values.arrays import BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveView:
    """All are in the game in the first row of an episode, then who is not done."""

    path: str
    done: ArrayInfo
    """Flags of agents, shape (T, E, N), or of one agent, shape (T, E)."""
    end: str
    """Path of the flags of episodes: shape (T, E), or (T, E, N) with the same for all agents."""
    is_late: bool
    """Whether ``done`` is the flag before the step."""
    is_end_late: bool
    """Whether the flags of episodes are."""

    @property
    def info(self) -> ArrayInfo:
        """A truth value for each agent."""
        return ArrayInfo(path=self.path, shape=self.done.shape, dtype="|b1")

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows; the one before the first is read too, for the flags after its step."""
        before = max(start - 1, 0)
        done = _flags(file.read(self.done.path, before, stop))
        end = _of_all(_flags(file.read(self.end, before, stop)))
        if not start:
            # Nothing was recorded before: where all are done already an episode begins.
            done = np.concatenate([np.zeros_like(done[:1]), done])
            end = np.concatenate([_of_all(done[1:2]), end])
        is_first = end[1:] if self.is_end_late else end[:-1]
        is_done = done[1:] if self.is_late else done[:-1]
        return np.asarray(is_first.reshape(*is_first.shape, *(1,) * (done.ndim - 2)) | ~is_done)


def _flags(array: npt.NDArray[Any]) -> BoolArray:
    return np.asarray(array != 0, dtype=np.bool_)


def _of_all(flags: BoolArray) -> BoolArray:
    return np.asarray(flags.reshape(*flags.shape[:2], -1).all(axis=2), dtype=np.bool_)
