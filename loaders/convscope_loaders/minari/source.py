"""Rows of Minari episodes: one small dataset per episode, field and agent."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayReader, ArrayStore
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray, ranges, sealed
from convscope.values.log import Columns, EpisodeSource
from convscope.values.status import Status
from convscope_loaders.minari.datasets import EpisodeDatasets


@dataclass(frozen=True, slots=True, kw_only=True)
class MinariPart:
    """A dataset of each episode that fills some columns of a field."""

    leaf: str
    """Path within the episode."""
    slot: int | None
    """Agent; None for a field of the team."""
    offset: int
    """First column."""
    width: int
    """Columns; an array of several axes is flattened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinariColumn:
    """A field and the datasets that fill it."""

    field: str
    row_shape: tuple[int, ...]
    """Of a row in memory, agent axis included."""
    parts: tuple[MinariPart, ...]
    is_of_step: bool
    """Whether it belongs to a step that was taken: then the final observation's row has none, and a dataset with one
    row too many has the reset's first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinariSource:
    """Reads the episodes of one dataset."""

    store: ArrayStore
    groups: tuple[str, ...]
    """Path of each episode."""
    columns: tuple[MinariColumn, ...]
    length: IntArray
    """Joint steps of each episode, shape (E,)."""
    rows: IntArray
    """One more where a final observation follows, shape (E,)."""
    is_present: BoolArray
    """Whether an episode has an agent, shape (E, N)."""
    datasets: Mapping[str, EpisodeDatasets]
    """By their path within the episode."""

    def __post_init__(self) -> None:
        for name in ("length", "rows"):
            object.__setattr__(self, name, sealed(getattr(self, name), (None,), name))
        object.__setattr__(self, "is_present", sealed(self.is_present, (len(self.groups), None), "is_present"))

    def of(self, episodes: IntArray) -> "MinariSource":
        """Return a source of some of the episodes."""
        return MinariSource(
            store=self.store,
            groups=tuple(self.groups[episode] for episode in episodes.tolist()),
            columns=self.columns,
            length=self.length[episodes],
            rows=self.rows[episodes],
            is_present=self.is_present[episodes],
            datasets={leaf: datasets.of(episodes) for leaf, datasets in self.datasets.items()},
        )

    def narrowed(self, episodes: IntArray) -> tuple[EpisodeSource, IntArray]:
        """Return a source of some of the episodes, and their numbers in it."""
        return self.of(episodes), np.arange(len(episodes))

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return the rows of these episodes."""
        wanted = self.of(episodes)
        with self.store.open() as file:
            columns = {column.field: wanted.column(file, column) for column in self.columns if column.field in fields}
        return Columns(lengths=wanted.rows, status=wanted.status(), columns=columns)

    def status(self) -> ByteArray:
        """Return the status of all rows."""
        episode, row = np.repeat(np.arange(len(self.rows)), self.rows), ranges(np.zeros_like(self.rows), self.rows)
        is_final = row >= self.length[episode]
        status = np.where(is_final[:, None], Status.WAITING, Status.ACTING)
        return np.where(self.is_present[episode], status, Status.ABSENT).astype(np.uint8)

    def column(self, file: ArrayReader, column: MinariColumn) -> FloatArray:
        """Return all rows of a field."""
        rows = np.full((int(self.rows.sum()), *column.row_shape), np.nan)
        for part in column.parts:
            self._fill(file, rows, part, is_of_step=column.is_of_step)
        return rows

    def _fill(self, file: ArrayReader, rows: FloatArray, part: MinariPart, *, is_of_step: bool) -> None:
        held = np.flatnonzero(self.datasets[part.leaf].is_there)
        if not len(held):
            return
        datasets = self.datasets[part.leaf].of(held)
        start = np.maximum(datasets.n_rows - self.length[held], 0) if is_of_step else np.zeros_like(held)
        stop = np.minimum(datasets.n_rows, start + self.rows[held])
        values = datasets.read(file, [self.groups[episode] for episode in held.tolist()], start=start, stop=stop)
        first = (np.cumsum(self.rows) - self.rows)[held]
        at = ranges(first, first + stop - start)
        if part.slot is not None and rows.ndim > 2:
            rows[at, part.slot, part.offset : part.offset + part.width] = values.reshape(len(at), part.width)
        elif part.slot is not None:
            rows[at, part.slot] = values.reshape(-1)
        else:
            rows[at] = values.reshape(len(at), *rows.shape[1:])
