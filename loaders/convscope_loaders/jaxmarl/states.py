"""The environments' states beside a rollout: who is alive, who speaks, and whether they are those of the same row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping
from convscope.values.arrays import BoolArray
from convscope.values.fields import MESSAGES
from convscope.values.header import Notice
from convscope_loaders.jaxmarl.environments import Folding
from convscope_loaders.jaxmarl.flags import EndFlags, states_are_ahead
from convscope_loaders.jaxmarl.rollout import Rollout

ALIVE = "/alive"
"""Path of the view that says who is in the game."""
_ENEMIES = "/enemy_policy_state/"
_SPOKEN = "/c"
"""How the multi-particle environments call what agents say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveView:
    """Who is in the game, by the flags of single agents: all in the first row of an episode, then who is not done."""

    done: ArrayInfo
    """Flags of agents, shape (T, E, N)."""
    end: str
    """Path of the flags of episodes, of the same shape."""
    is_late: bool
    """Whether ``done`` is the flag before the step."""

    @property
    def info(self) -> ArrayInfo:
        """A truth value for each agent."""
        return ArrayInfo(path=ALIVE, shape=self.done.shape, dtype="|b1")

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows; the one before the first tells where an episode begins."""
        before = max(start - 1, 0)
        done = _flags(file, self.done.path, before, stop)
        is_first = np.asarray(_flags(file, self.end, before, stop).all(axis=2, keepdims=True))
        if not start:
            # Nothing was recorded before: where all are done an episode begins.
            done = np.concatenate([np.zeros_like(done[:1]), done])
            is_first = np.concatenate([done[1:2].all(axis=2, keepdims=True) | (not self.is_late), is_first])
        return np.asarray(is_first[:-1] | ~(done[1:] if self.is_late else done[:-1]))


def _flags(file: ArrayReader, path: str, *rows: int) -> BoolArray:
    return np.asarray(file.read(path, *rows) != 0, dtype=np.bool_)


def messages(rollout: Rollout, folding: Folding, file: ArrayReader) -> tuple[FieldMapping, ...]:
    """Return what the agents of a multi-particle environment say, unless they are silent throughout."""
    shape = (rollout.n_steps, folding.n_envs, folding.n_agents)
    said = [path for path, info in rollout.states.items() if path.endswith(_SPOKEN) and info.shape[:-1] == shape]
    if len(said) != 1 or not np.asarray(file.read(said[0])).any():
        return ()
    axes = (Axis.TIME, Axis.EPISODE, Axis.AGENT, Axis.VALUE)
    return (FieldMapping(name=MESSAGES, array=ArrayMapping(path=said[0], axes=axes)),)


def states_left_out(
    rollout: Rollout, folding: Folding, ends: EndFlags, *, file: ArrayReader
) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Return the states that are none of the agents', or not those in which they acted, and why."""
    of_enemies = tuple(path for path in rollout.states if _ENEMIES in path)
    counter = rollout.counter(folding.n_envs)
    if counter is None or states_are_ahead(file.read(counter).astype(np.int64), ends.is_end) is False:
        message = f"left out ({len(of_enemies)}): what scripted enemies have in mind"
        return of_enemies, (Notice(code="not-read", message=message, where=of_enemies[0]),) if of_enemies else ()
    message = (
        f"left out ({len(rollout.states)}): states that are not those before the step, as {counter} shows; save the "
        "state that the observations come from"
    )
    return tuple(rollout.states), (Notice(code="states-of-another-row", message=message, where=counter),)
