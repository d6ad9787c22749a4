"""An episode as a recorder takes it: named arrays, time first, checked once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from convscope.errors import UsageError
from convscope.recording.names import column_named
from convscope.values.arrays import BoolArray, ByteArray
from convscope.values.fields import ACTIONS, ATTENTION, REWARDS, TEAM_REWARDS, Level
from convscope.values.status import EndKind, Status

Numbers: TypeAlias = npt.NDArray[np.generic]
GivenColumn: TypeAlias = npt.ArrayLike | Mapping[str, npt.ArrayLike]
"""An array with time first, then agents; or an array with time first for each agent by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What an episode belongs to."""

    run: str | None = None
    checkpoint: str | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedColumn:
    """A column of one episode."""

    level: Level
    values: Numbers | None = None
    """(T, N, ...) with the agents of the episode; (T, ...) for the team; (T, ..., receiver, sender) for pairs."""
    by_agent: Mapping[str, Numbers] | None = None
    """(T, ...) of each agent, where they are not in one array."""
    is_given: Mapping[str, BoolArray] | None = None
    """Rows in which an agent of ``by_agent`` has anything, shape (T,); all of them where there is no entry."""

    @property
    def parts(self) -> tuple[Numbers, ...]:
        """All arrays of the column."""
        return tuple((self.by_agent or {}).values()) if self.values is None else (self.values,)

    @property
    def n_rows(self) -> int:
        """Rows of the longest array."""
        return max(map(len, self.parts), default=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedEpisode:
    """An episode in memory."""

    agents: tuple[str, ...]
    length: int
    """Joint steps."""
    rows: int
    """The same, or one more where a final observation closes the episode."""
    end: EndKind
    status: ByteArray
    """Shape (rows, N)."""
    columns: Mapping[str, RecordedColumn]
    """By field; of ``rows`` rows, or of ``length``, which leaves the final row missing."""
    labels: Labels
    is_plain: bool = False
    """Whether it is known that all agents act in all joint steps and wait in the final row."""

    def episode(self) -> "RecordedEpisode":
        """Return the episode: it is whole."""
        return self

    @property
    def n_bytes(self) -> int:
        """Memory that the columns take, about."""
        return sum(part.nbytes for column in self.columns.values() for part in column.parts)


def recorded_episode(
    columns: Mapping[str, GivenColumn],
    *,
    agents: Sequence[str],
    end: EndKind,
    length: int | None = None,
    status: npt.ArrayLike | None = None,
    labels: Labels | None = None,
) -> RecordedEpisode:
    """Check the columns of an episode and bring them into the shapes of a log.

    Parameters
    ----------
    columns
        By name (`column_named`). Of agents: (T, N, ...), or a mapping from agents to (T, ...); of the team: (T, ...);
        of pairs: (T, ..., receiver, sender). Each has a row per joint step, or one more for the final observation.
    agents
        Names, in the order of the agent axis; agents that only mappings name come after them.
    end
        How it ended.
    length
        Joint steps; as many as there are actions when left out.
    status
        `Status` of each agent, (T, N) or with the final row. When left out, agents that have actions act in every step,
        the others are absent.
    labels
        What it belongs to.

    Raises
    ------
    UsageError
        If a column is called like nothing, is no numbers, or does not fit the others.
    """
    given: dict[str, RecordedColumn] = {}
    for name, column in columns.items():
        field, level = column_named(name)
        if field in given:
            raise UsageError(f"two columns are the field {field}; {name} needs another name")
        given[field] = _column(field, level, column)
    mapped = (agent for column in given.values() for agent in column.by_agent or ())
    names = tuple(dict.fromkeys((*agents, *mapped)))
    steps = _length(given) if length is None else length
    rows = max([steps, *(len(part) for column in given.values() for part in column.parts)])
    episode = RecordedEpisode(
        agents=names,
        length=steps,
        rows=rows,
        end=end,
        status=_status(status, given.get(ACTIONS), names, steps=steps, rows=rows),
        columns=given,
        labels=labels or Labels(),
    )
    check_episode(episode)
    return episode


def plain_numbers(field: str, values: Numbers) -> Numbers:
    """Return the numbers of a field in a type that all its episodes may have.

    Raises
    ------
    UsageError
        If they are no plain numbers.
    """
    if values.dtype.kind not in "biuf" or values.dtype.itemsize > 8:
        raise UsageError(f"{field} is given as {values.dtype}; a column holds plain numbers")
    # A reward of 0 or 1 now may be one of 0.5 in the next episode.
    is_whole_reward = field in {REWARDS, TEAM_REWARDS} and values.dtype.kind != "f"
    return values.astype(np.float64) if is_whole_reward else values


def _column(field: str, level: Level, column: GivenColumn) -> RecordedColumn:
    if isinstance(column, Mapping):
        if level is not Level.AGENT:
            raise UsageError(f"{field} is no column of agents; give one array for the team")
        return RecordedColumn(level=level, by_agent={agent: _numbers(field, part, 1) for agent, part in column.items()})
    n_axes = {Level.TEAM: 1, Level.AGENT: 2, Level.PAIR: 3}[level]
    values = _numbers(field, column, n_axes)
    if level is Level.PAIR and values.shape[-1] != values.shape[-2]:
        raise UsageError(f"{field} has shape {values.shape}; expected (time, ..., receiver, sender)")
    if field == ATTENTION and values.ndim == 3:  # one head
        values = values[:, np.newaxis]
    return RecordedColumn(level=level, values=values)


def _numbers(field: str, values: npt.ArrayLike, n_axes: int) -> Numbers:
    array = plain_numbers(field, np.array(values))
    if array.ndim < n_axes:
        raise UsageError(f"{field} has shape {array.shape}; expected time{' and agents' * (n_axes > 1)} as first axes")
    return array


def _length(columns: Mapping[str, RecordedColumn]) -> int:
    if ACTIONS not in columns:
        raise UsageError("the episode has no actions; say how many joint steps it has (length)")
    return max(len(part) for part in columns[ACTIONS].parts)


def _status(
    given: npt.ArrayLike | None, actions: RecordedColumn | None, agents: tuple[str, ...], *, steps: int, rows: int
) -> ByteArray:
    """Return the status in every row: in a final row that was not given, those who acted or waited wait."""
    if given is None:
        has_acted = [actions is None or actions.by_agent is None or agent in actions.by_agent for agent in agents]
        told = np.tile(np.where(has_acted, Status.ACTING, Status.ABSENT).astype(np.uint8), (steps, 1))
    else:
        told = np.array(given).astype(np.uint8)
    if told.shape not in {(steps, len(agents)), (rows, len(agents))}:
        raise UsageError(f"status has shape {told.shape}; expected {steps} joint steps and {len(agents)} agents")
    if len(told) == rows:
        return told
    final = np.where(told[-1:] == Status.ACTING, Status.WAITING, told[-1:]).astype(np.uint8)
    return np.concatenate([told, final])


def check_episode(episode: RecordedEpisode) -> None:
    """Make sure that the columns of an episode fit each other.

    Raises
    ------
    UsageError
        If one has another number of rows or agents.
    """
    if episode.length < 1 or episode.rows > episode.length + 1:
        raise UsageError(
            f"an episode has columns of as many rows as joint steps, at least 1, or of one more; this one has "
            f"{episode.length} steps and {episode.rows} rows"
        )
    n_agents = len(episode.agents)
    for field, column in episode.columns.items():
        lengths = {len(part) for part in column.parts}
        if not lengths <= {episode.length, episode.rows}:
            raise UsageError(f"{field} has {min(lengths)} rows in an episode of {episode.length} joint steps")
        if column.values is None or column.level is Level.TEAM:
            continue
        n_entries = column.values.shape[1 if column.level is Level.AGENT else -1]
        if n_entries != n_agents:
            raise UsageError(f"{field} has an axis of {n_entries} agents; the recorder knows {n_agents}")
