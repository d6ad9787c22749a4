"""The environments' states beside a rollout: how many steps they count, who speaks, and what is left out of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayInfo, ArrayReader
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import MESSAGES
from convscope.values.header import Notice, left_out

COUNTERS = ("step", "time", "t", "timestep")
"""Names of the environment's own count of steps."""
_ENEMIES = "/enemy_policy_state/"
_SPOKEN = "/c"
"""How the multi-particle environments call what agents say."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counter:
    """The environments' count of steps."""

    path: str
    steps: IntArray
    """Shape (T, E)."""


def counter_of(states: Mapping[str, ArrayInfo], file: ArrayReader, n_envs: int) -> Counter | None:
    """Return the count of steps among the states; None where there is none."""
    found = [
        path
        for path, info in states.items()
        if path.rsplit("/", 1)[1] in COUNTERS and info.shape[1:] == (n_envs,) and info.is_whole
    ]
    path = min(found, key=len, default=None)
    return None if path is None else Counter(path=path, steps=file.read(path).astype(np.int64))


def messages(states: Mapping[str, ArrayInfo], file: ArrayReader, *, n_agents: int) -> tuple[FieldMapping, ...]:
    """Return what the agents of a multi-particle environment say, unless they are silent throughout."""
    said = [
        path
        for path, info in states.items()
        if path.endswith(_SPOKEN) and len(info.shape) == 4 and info.shape[2] == n_agents
    ]
    if len(said) != 1 or not np.asarray(file.read(said[0])).any():
        return ()
    axes = (Axis.TIME, Axis.EPISODE, Axis.AGENT, Axis.VALUE)
    return (FieldMapping(name=MESSAGES, array=ArrayMapping(path=said[0], axes=axes)),)


def states_left_out(
    states: Mapping[str, ArrayInfo], counter: Counter | None, is_end: BoolArray
) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """Return the states that are none of the agents', or not those in which they acted, and why.

    Parameters
    ----------
    states
        By path.
    counter
        The environments' count of steps; None where no state has one.
    is_end
        Whether an episode ends with the step, shape (T, E).
    """
    if counter is None or _are_before(counter.steps, is_end):
        of_enemies = tuple(path for path in states if _ENEMIES in path)
        return of_enemies, left_out(of_enemies, "what scripted enemies have in mind")
    message = (
        f"left out ({len(states)}): states that are not those before the step, as {counter.path} shows; save the state "
        "that the observations come from"
    )
    return tuple(states), (Notice(code="states-of-another-row", message=message, where=counter.path),)


def _are_before(steps: IntArray, is_end: BoolArray) -> bool:
    """Tell whether states are those before the step: then the count starts again in the row after an end."""
    resets = steps[1:] <= steps[:-1]
    is_before = bool((resets == is_end[:-1]).all())
    is_after = bool((resets[:-1] == is_end[1:-1]).all())
    return not bool((steps[0] == 1).all()) if is_before and is_after else is_before
