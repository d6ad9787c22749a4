"""A log of trajectories: what it holds, and how to read it in blocks of whole episodes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray, sealed
from convscope.values.episodes import EpisodeTable
from convscope.values.header import LogHeader
from convscope.values.html import Html, box, html_of
from convscope.values.status import Status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Rows of some whole episodes as a source reads them: time first, then agents."""

    lengths: IntArray
    """Rows of each episode, shape (B,), in the order asked for."""
    status: ByteArray
    """`Status` of each agent in each row, shape (T, N); the only authority on who acts."""
    columns: Mapping[str, FloatArray]
    """By field name; agent fields (T, N, ...), team fields (T, ...), pair fields (T, ..., receiver, sender).
    Missing cells are NaN."""

    def __post_init__(self) -> None:
        n_rows = int(self.lengths.sum())
        object.__setattr__(self, "lengths", sealed(self.lengths, (None,), "lengths"))
        object.__setattr__(self, "status", sealed(self.status, (n_rows, None), "status"))
        sealed_columns = {
            name: sealed(column, (n_rows, *column.shape[1:]), name) for name, column in self.columns.items()
        }
        object.__setattr__(self, "columns", sealed_columns)


class EpisodeSource(Protocol):
    """Reads episodes of one file. Picklable and small: it holds a path and a plan, never an open file."""

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return the rows of these episodes (numbered from 0 within the source, ascending) and of these fields."""
        ...


@runtime_checkable
class DivisibleSource(EpisodeSource, Protocol):
    """A source with a plan that grows with its episodes: another process needs the part for its own ones."""

    def narrowed(self, episodes: IntArray) -> tuple[EpisodeSource, IntArray]:
        """Return a source of some of the episodes, and their numbers in it."""
        ...


def narrowed(source: EpisodeSource, episodes: IntArray) -> tuple[EpisodeSource, IntArray]:
    """Return a source of some of the episodes, and their numbers in it; the source itself where it is undivided."""
    return source.narrowed(episodes) if isinstance(source, DivisibleSource) else (source, episodes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A run of whole episodes, read into memory."""

    episodes: IntArray
    """Row of each episode in the log's episode table, shape (B,)."""
    offsets: IntArray
    """First row of each episode and the end, shape (B + 1,)."""
    status: ByteArray
    """As in `Columns`, shape (T, N)."""
    columns: Mapping[str, FloatArray]
    """As in `Columns`."""

    @property
    def n_rows(self) -> int:
        """Rows of the block, final observations included."""
        return len(self.status)

    @property
    def is_acting(self) -> BoolArray:
        """Whether each agent takes an action in each row, shape (T, N)."""
        return np.equal(self.status, Status.ACTING)

    @property
    def episode_of_row(self) -> IntArray:
        """Position within the block of each row's episode, shape (T,)."""
        return np.repeat(np.arange(len(self.episodes)), np.diff(self.offsets))

    @property
    def time_of_row(self) -> IntArray:
        """Timestep of each row within its episode, shape (T,)."""
        return np.arange(self.n_rows) - self.offsets[self.episode_of_row]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockTask:
    """A block that has not been read yet; small and picklable, so that any process may read it."""

    source: EpisodeSource
    """Where the episodes are."""
    local: IntArray
    """The episodes as the source numbers them, shape (B,)."""
    episodes: IntArray
    """The same episodes as rows of the log's episode table, shape (B,)."""
    fields: frozenset[str]
    """The fields to read; those that the source lacks are left out."""

    def alone(self) -> "BlockTask":
        """Return the same task with no more of the source's plan than it needs, to be sent to another process."""
        source, local = narrowed(self.source, self.local)
        return replace(self, source=source, local=local)

    def load(self) -> Block:
        """Read the block."""
        read = self.source.read(self.local, self.fields)
        offsets = np.concatenate([[0], np.cumsum(read.lengths)])
        return Block(episodes=self.episodes, offsets=offsets, status=read.status, columns=read.columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrajectoryLog:
    """The trajectories of a team in one or more runs, read lazily.

    Results never go back into the log.
    """

    header: LogHeader
    """Agents, fields, provenance."""
    episodes: EpisodeTable
    """A row per episode, in log order."""
    sources: tuple[EpisodeSource, ...]
    """The readers, one a file."""
    source_of: IntArray
    """Index into ``sources`` of each episode, shape (E,), ascending."""
    local_of: IntArray
    """Number of each episode within its source, shape (E,)."""

    def __post_init__(self) -> None:
        n_episodes = self.episodes.n_episodes
        object.__setattr__(self, "source_of", sealed(self.source_of, (n_episodes,), "source_of"))
        object.__setattr__(self, "local_of", sealed(self.local_of, (n_episodes,), "local_of"))
        sealed(self.episodes.declared_roles, (n_episodes, len(self.header.agents)), "declared_roles")

    def has(self, field: str) -> bool:
        """Whether the log holds a field of this name."""
        return any(spec.name == field for spec in self.header.fields)

    def tasks(self, fields: frozenset[str], *, max_bytes: int = 32 << 20) -> tuple[BlockTask, ...]:
        """Cut the log into blocks of whole episodes.

        Parameters
        ----------
        fields
            Names of the fields to read; unknown ones are left out.
        max_bytes
            Size that a block should not exceed. A single larger episode is a block of its own. The cut depends on
            the log and on this number alone, never on the number of workers.
        """
        wanted = tuple(spec for spec in self.header.fields if spec.name in fields)
        n_agents = len(self.header.agents)
        row_bytes = n_agents + sum(spec.row_bytes(n_agents) for spec in wanted)
        names = frozenset(spec.name for spec in wanted)
        sizes = self.episodes.rows * row_bytes
        return tuple(
            BlockTask(
                source=self.sources[source],
                local=self.local_of[start:stop],
                episodes=np.arange(start, stop),
                fields=names,
            )
            for source, start, stop in _cuts(self.source_of, sizes, max_bytes)
        )

    def blocks(self, fields: frozenset[str], *, max_bytes: int = 32 << 20) -> Iterator[Block]:
        """Read the blocks of `tasks` one after the other."""
        return (task.load() for task in self.tasks(fields, max_bytes=max_bytes))

    def _repr_html_(self) -> Html:
        return box("Trajectory log", html_of(self.header), html_of(self.episodes))


def _cuts(source_of: IntArray, sizes: IntArray, max_bytes: int) -> Iterator[tuple[int, int, int]]:
    start, filled = 0, 0
    for episode, (source, size) in enumerate(zip(source_of.tolist(), sizes.tolist(), strict=True)):
        full = filled + size > max_bytes or source != source_of[start]
        if full and episode > start:
            yield int(source_of[start]), start, episode
            start, filled = episode, 0
        filled += size
    if start < len(sizes):
        yield int(source_of[start]), start, len(sizes)
