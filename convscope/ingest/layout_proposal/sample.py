"""A few thousand rows of a log, and what they hold of each agent and of the world beside the observations."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray
from convscope.values.fields import (
    ACTIONS,
    ENTITY_POSITIONS,
    INFO,
    MESSAGES,
    OBSERVATIONS,
    POSITIONS,
    Level,
)
from convscope.values.header import ActionKind
from convscope.values.log import TrajectoryLog
from convscope.values.status import Status

MAX_EPISODES = 60
"""Spread evenly over the log."""
_MAX_BYTES = 128 << 20
_LARGEST = 1e100
"""What is larger is no measurement, and its square no number."""
_LEAST_ROWS = 10
_PHASES = 5
_MAX_CHOICES = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantities:
    """Numbers that are known to be about an agent, or about the world."""

    names: tuple[str, ...]
    values: FloatArray
    """Of agents (T, N, Q), of the world (T, Q); NaN where not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows of some whole episodes, spread over the log."""

    observations: FloatArray
    """Flattened, shape (T, N, D); NaN where the agent is not there or has fewer columns."""
    of_agents: Quantities
    """What the log holds of each agent beside its observations."""
    of_world: Quantities
    episode: IntArray
    """Of each row, shape (T,)."""
    n_episodes: int

    def changes(self, values: FloatArray) -> FloatArray:
        """Return how much values changed since the row before, then how much until the row after, (T, 2 Q)."""
        return np.concatenate(_changes(values, self.episode), axis=-1)


def read_sample(log: TrajectoryLog, n_rows: int) -> Sample:
    """Read stretches of episodes, the episodes spread over the log and the stretches over beginning, middle and end.

    Parameters
    ----------
    log
        Holds observations and at least one episode.
    n_rows
        Rows to read, about.
    """
    fields = frozenset(spec.name for spec in log.header.fields if _is_wanted(spec.name, spec.level))
    stretches = list(_stretches(log, fields, n_rows))
    status = np.concatenate([each.status for each in stretches])
    columns = {
        name: np.concatenate([each.columns[name] for each in stretches])
        for name in sorted(fields)
        if all(name in each.columns for each in stretches)
    }
    episode = np.repeat(np.arange(len(stretches)), [len(each.status) for each in stretches])
    time = np.concatenate([each.start + np.arange(len(each.status)) for each in stretches])
    is_there = (status == Status.ACTING) | (status == Status.WAITING)
    shown = columns[OBSERVATIONS].reshape(*status.shape, -1)
    return Sample(
        observations=np.where(is_there[..., None] & (np.abs(shown) < _LARGEST), shown, np.nan),
        of_agents=_joined(list(_of_agents(log, columns, episode)), is_there),
        of_world=_joined(list(_of_world(columns, time)), np.ones(len(status), dtype=np.bool_)),
        episode=episode,
        n_episodes=len(stretches),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stretch:
    start: int
    status: ByteArray
    columns: dict[str, FloatArray]


_Named = tuple[str, FloatArray]


def _is_wanted(name: str, level: Level) -> bool:
    named = {OBSERVATIONS, ACTIONS, MESSAGES, POSITIONS, ENTITY_POSITIONS}
    return name in named or (name.startswith(INFO) and level is not Level.PAIR)


def _stretches(log: TrajectoryLog, fields: frozenset[str], n_rows: int) -> Iterator[_Stretch]:
    n_agents = len(log.header.agents)
    row_bytes = sum(spec.row_bytes(n_agents) for spec in log.header.fields if spec.name in fields)
    n_episodes = log.episodes.n_episodes
    chosen = np.unique(np.linspace(0, n_episodes - 1, min(n_episodes, MAX_EPISODES)).round().astype(np.int64))
    length = max(_LEAST_ROWS, -(-n_rows // len(chosen)))
    filled = 0
    for number, episode in enumerate(chosen.tolist()):
        rows = int(log.episodes.rows[episode])
        filled += rows * row_bytes
        if filled > _MAX_BYTES and number > 0:
            return
        read = log.sources[int(log.source_of[episode])].read(log.local_of[episode : episode + 1], fields)
        start = max(0, rows - length) * (number % _PHASES) // (_PHASES - 1)
        here = slice(start, start + length)
        columns = {name: column[here] for name, column in read.columns.items()}
        yield _Stretch(start=start, status=read.status[here], columns=columns)


def _of_agents(log: TrajectoryLog, columns: dict[str, FloatArray], episode: IntArray) -> Iterator[_Named]:
    n_agents = len(log.header.agents)
    for name, column in columns.items():
        if name in (OBSERVATIONS, ENTITY_POSITIONS):
            continue
        if name == ACTIONS:
            taken = _choices(log, column)
            yield "action", taken
            yield "last action", _before(taken, episode)
        elif column.shape[1:2] == (n_agents,) and log.header.field(name).level is Level.AGENT:
            flat = column.reshape(*column.shape[:2], -1)
            yield name, flat
            yield f"last {name}", _before(flat, episode)
            since, until = _changes(flat, episode)
            yield f"change of {name}", since
            yield f"coming change of {name}", until


def _choices(log: TrajectoryLog, actions: FloatArray) -> FloatArray:
    spaces = [agent.action_space for agent in log.header.agents]
    n_most = max((space.n[0] for space in spaces if space.kind is ActionKind.DISCRETE), default=0)
    if any(space.kind is not ActionKind.DISCRETE for space in spaces) or n_most > _MAX_CHOICES:
        return actions
    one_hot = np.where(np.isfinite(actions), actions == np.arange(n_most), np.nan)
    return np.concatenate([actions, one_hot], axis=-1)


def _of_world(columns: dict[str, FloatArray], time: IntArray) -> Iterator[_Named]:
    yield "time", time[:, None].astype(np.float64)
    if ENTITY_POSITIONS in columns:
        yield ENTITY_POSITIONS, columns[ENTITY_POSITIONS].reshape(len(time), -1)


def _before(values: FloatArray, episode: IntArray) -> FloatArray:
    earlier = np.full_like(values, np.nan)
    earlier[1:] = values[:-1]
    earlier[1:][episode[1:] != episode[:-1]] = np.nan
    return earlier


def _changes(values: FloatArray, episode: IntArray) -> tuple[FloatArray, FloatArray]:
    since = values - _before(values, episode)
    until = np.full_like(values, np.nan)
    until[:-1] = since[1:]
    return since, until


def _joined(named: list[_Named], is_there: BoolArray) -> Quantities:
    values = [np.zeros((*is_there.shape, 0)), *(column for _, column in named)]
    names = [name for name, column in named for _ in range(column.shape[-1])]
    joined = np.concatenate(values, axis=-1)
    return Quantities(
        names=tuple(names), values=np.where(is_there[..., None] & (np.abs(joined) < _LARGEST), joined, np.nan)
    )
