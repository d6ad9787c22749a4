"""Whether two readings are the same, and if not, in what."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from convscope.values.arrays import ByteArray
from convscope.values.episodes import EpisodeTable
from convscope.values.log import Block, TrajectoryLog


def differences(first: TrajectoryLog, second: TrajectoryLog) -> Iterator[str]:
    """Name the parts of two logs that differ."""
    if first.header != second.header:
        yield "header"
    tables = first.episodes, second.episodes
    for field in fields(EpisodeTable):
        ours, theirs = (getattr(table, field.name) for table in tables)
        if not np.array_equal(np.asarray(ours), np.asarray(theirs)):
            yield f"table of episodes: {field.name}"
    names = frozenset(spec.name for spec in first.header.fields)
    ours, theirs = list(first.blocks(names)), list(second.blocks(names))
    for name in sorted(names):
        if not begins_with(ours, theirs, name):
            yield f"field {name}"
    if not np.array_equal(statuses(ours), statuses(theirs)):
        yield "status"


def begins_with(first: Sequence[Block], second: Sequence[Block], name: str) -> bool:
    """Whether a field's rows in some blocks begin with those in others."""
    ours, theirs = (np.concatenate([block.columns[name] for block in blocks]) for blocks in (first, second))
    return np.array_equal(ours[: len(theirs)], theirs, equal_nan=True)


def statuses(blocks: Sequence[Block]) -> ByteArray:
    """Return the status of all rows of some blocks."""
    return np.concatenate([block.status for block in blocks])
