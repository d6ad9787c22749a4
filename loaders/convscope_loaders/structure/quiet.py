"""Agents that count as acting and look as if they were out: they see only zeros, or have no health, until the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.mapping import Axis, LogMapping
from convscope.ingest.mapping_text import array_text
from convscope.values.arrays import BoolArray
from convscope.values.fields import INFO, OBSERVATIONS, FieldSpec, Level
from convscope.values.figures import count
from convscope.values.header import Notice
from convscope.values.log import Block, TrajectoryLog
from convscope_loaders.structure.dead import sees_nothing

_HEALTH = frozenset({"health", "healths", "hp", "hit_points", "hitpoints", "life", "lives"})
"""Names of what is above zero as long as an agent lives."""
_LOOKED_AT = 8 << 20
"""Bytes of episodes that are read."""
_PLACES = 4
"""Where: at the start, at the end and in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """How a mapping would mark the dead, in words."""

    zeros: str
    """Those who see only zeros."""
    health: Callable[[FieldSpec], str]
    """Those of whom a field is zero."""


def remedies_in(mapping: LogMapping) -> Remedies:
    """Return how the mapping of arrays would mark the dead."""
    array_of = {field.name: field.array for field in mapping.fields}

    def health(spec: FieldSpec) -> str:
        array = array_of[spec.name]
        axes = tuple(axis for axis in array.axes if axis is not Axis.VALUE)
        if spec.level is not Level.AGENT:
            axes = (*axes, Axis.AGENT)
        return f"alive = {array_text(replace(array, axes=axes))} under [agents]"

    return Remedies(zeros="dead_see_nothing = true under [agents]", health=health)


def with_quiet_told(log: TrajectoryLog, remedies: Remedies) -> TrajectoryLog:
    """Return the log with notices that count rows of agents that look dead and count as acting.

    Parameters
    ----------
    log
        As it was read; some episodes all over it are looked at, since a notice needs no more.
    remedies
        What to say in a mapping.
    """
    specs = [spec for spec in log.header.fields if spec.name == OBSERVATIONS or _is_health(log, spec)]
    tasks = log.tasks(frozenset(spec.name for spec in specs), max_bytes=_LOOKED_AT // _PLACES)
    if not specs or not tasks or len(log.header.agents) < 2:
        return log
    places = sorted({round(at * (len(tasks) - 1) / (_PLACES - 1)) for at in range(_PLACES)})
    blocks = [tasks[place].load() for place in places]
    n_looked = sum(len(block.episodes) for block in blocks)
    notices = tuple(
        notice for spec in specs for notice in _told(log, blocks, spec, remedies=remedies, n_looked=n_looked)
    )
    return replace(log, header=replace(log.header, notices=(*log.header.notices, *notices)))


def _is_health(log: TrajectoryLog, spec: FieldSpec) -> bool:
    # An array of unknown meaning may have its axis of agents as values of the team.
    shape = () if spec.level is Level.AGENT else (len(log.header.agents),)
    is_one_number = spec.level is not Level.PAIR and spec.shape in {shape, (*shape, 1)}
    return spec.name.removeprefix(INFO).lower() in _HEALTH and is_one_number


def _told(
    log: TrajectoryLog, blocks: Sequence[Block], spec: FieldSpec, *, remedies: Remedies, n_looked: int
) -> tuple[Notice, ...]:
    counts = [_n_quiet(block, spec) for block in blocks]
    n_rows = sum(found or 0 for found in counts)
    # What comes back in one place was no death in another.
    if not n_rows or None in counts:
        return ()
    is_observed = spec.name == OBSERVATIONS
    what = "observe only zeros" if is_observed else f"have {spec.name.removeprefix(INFO)} 0"
    remedy = remedies.zeros if is_observed else remedies.health(spec)
    n_episodes = log.episodes.n_episodes
    where = "" if n_looked == n_episodes else f" ({count(n_looked, 'episode')} of {n_episodes} were looked at)"
    message = (
        f"agents {what} from some step to the end of the episode in {count(n_rows, 'row')} of single agents, while "
        f"others go on{where}: they count as acting; if they are out of the game, say {remedy} in a mapping"
    )
    return (Notice(code="may-be-dead", message=message, where=spec.path),)


def _n_quiet(block: Block, spec: FieldSpec) -> int | None:
    """Return in how many rows agents look dead to the end of an episode; None where what is blank comes back."""
    numbers = block.columns[spec.name].reshape(*block.status.shape, -1)
    is_blank = np.asarray(sees_nothing(numbers) & block.is_acting, dtype=np.bool_)
    # Who never has anything tells nothing.
    is_blank[:, (is_blank == block.is_acting).all(axis=0)] = False
    to_the_end = _until_the_end(is_blank, block)
    if (is_blank & ~to_the_end).any():
        return None
    is_alone = np.asarray(~(block.is_acting & ~is_blank).any(axis=1), dtype=np.bool_)
    # Rows in which everybody has nothing are padding, or an end.
    n_rows = int((to_the_end & ~is_alone[:, None]).sum())
    is_chance = spec.name == OBSERVATIONS and n_rows <= len(np.unique(block.episode_of_row[to_the_end.any(axis=1)]))
    return 0 if is_chance else n_rows


def _until_the_end(is_blank: BoolArray, block: Block) -> BoolArray:
    """Return which blank rows go on to the end of their episode."""
    to_the_end = np.zeros_like(is_blank)
    for start, stop in zip(block.offsets[:-1].tolist(), block.offsets[1:].tolist(), strict=True):
        # Rows in which an agent does not act, such as the final observation, break nothing.
        rows = is_blank[start:stop] | ~block.is_acting[start:stop]
        ends = np.logical_and.accumulate(rows[::-1], axis=0)[::-1]
        to_the_end[start:stop] = ends & is_blank[start:stop]
    return to_the_end
