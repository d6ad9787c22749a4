"""Positions that a log holds without saying so: columns of observations whose differences other agents observe.

If a column of one agent's observation less the same column of another's is, to the last digit, what a column of the
other's observation holds, again and again and never the same, then the column is a coordinate: nothing else does that
by chance. If a column plus that coordinate is the same for all agents, it says where a thing is from the agent.
"""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.fields import OBSERVATIONS, POSITIONS
from convscope.values.log import TrajectoryLog

_MOST_COLUMNS = 256
_MOST_AGENTS = 16
_N_ROWS = 64
_FEWEST_DIFFERENT = 16
_TOLERANCE = 1e-5
_SAMPLE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlaces:
    """Columns of the observations, the same for all agents."""

    own: tuple[int, ...] = ()
    """Coordinates of the agent itself."""
    things: tuple[int, ...] = ()
    """First of the columns, one a coordinate, that say where a thing is from the agent."""


def found_places(log: TrajectoryLog) -> FoundPlaces:
    """Return where observations hold coordinates; nowhere where positions are logged.

    Parameters
    ----------
    log
        A few of its first rows are read. Every agent must have the coordinate in the same column, and be looked at by
        another one; where others are hidden at times, a quarter of the rows will do.
    """
    shape_of = {spec.name: spec.shape for spec in log.header.fields}
    is_small = shape_of.get(OBSERVATIONS, (_MOST_COLUMNS + 1,))[-1] <= _MOST_COLUMNS
    if POSITIONS in shape_of or not is_small or not 2 <= len(log.header.agents) <= _MOST_AGENTS:
        return FoundPlaces()
    seen = _sample(log)
    if len(seen) < _FEWEST_DIFFERENT:
        return FoundPlaces()
    n_agents, n_columns = seen.shape[1:]
    looked_at = np.zeros((n_agents, n_columns), dtype=np.bool_)
    for agent in range(n_agents):
        for other in range(n_agents):
            if other != agent:
                looked_at[agent] |= _are_seen(seen[:, agent], seen[:, other])
    own = tuple(np.flatnonzero(looked_at.all(axis=0)).tolist())
    return FoundPlaces(own=own, things=_things(seen, own) if own else ())


def _things(seen: FloatArray, own: tuple[int, ...]) -> tuple[int, ...]:
    n_axes, n_columns = len(own), seen.shape[2]
    found: list[int] = []
    start = 0
    while start + n_axes <= n_columns:
        places = seen[:, :, start : start + n_axes] + seen[:, :, list(own)]
        spread = np.ptp(places, axis=1)
        is_thing = bool((spread <= _TOLERANCE * (1 + np.abs(places[:, 0]))).all()) and not set(own) & {
            *range(start, start + n_axes)
        }
        found += [start] if is_thing else []
        start += n_axes if is_thing else 1
    return tuple(found)


def _sample(log: TrajectoryLog) -> FloatArray:
    """Return rows in which all agents act, spread over the first of the log, shape (rows, N, K)."""
    block = next(iter(log.blocks(frozenset({OBSERVATIONS}), max_bytes=_SAMPLE_BYTES)), None)
    if block is None or OBSERVATIONS not in block.columns:
        return np.zeros((0, 1, 1))
    rows = np.flatnonzero(block.is_acting.all(axis=1))
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), _N_ROWS)).astype(np.int64)] if len(rows) else rows
    return block.columns[OBSERVATIONS][chosen]


def _are_seen(own: FloatArray, other: FloatArray) -> BoolArray:
    """Return which columns of an agent's observation another agent observes as differences, shape (K,)."""
    away = (own - other)[:, :, None]
    is_same = np.abs(away - other[:, None, :]) <= _TOLERANCE * (1 + np.abs(away))
    counts = is_same.sum(axis=0)
    result = np.zeros(own.shape[1], dtype=np.bool_)
    for column, watched in np.argwhere(counts >= max(_FEWEST_DIFFERENT, len(own) // 4)).tolist():
        values = np.round(away[is_same[:, column, watched], column, 0], 4)
        result[column] |= len(np.unique(values)) >= _FEWEST_DIFFERENT
    return result
