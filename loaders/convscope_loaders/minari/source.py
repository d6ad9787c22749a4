"""Rows of Minari episodes: one small dataset per episode, field and agent."""

from dataclasses import dataclass

import numpy as np

from convscope.ingest.container import ArrayReader, ArrayStore
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray, sealed
from convscope.values.log import Columns
from convscope.values.status import Status


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
    leaves: tuple[frozenset[str], ...]
    """Datasets that each episode has; one set for all where they agree."""

    def __post_init__(self) -> None:
        for name in ("length", "rows"):
            object.__setattr__(self, name, sealed(getattr(self, name), (None,), name))
        object.__setattr__(self, "is_present", sealed(self.is_present, (len(self.groups), None), "is_present"))

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return the rows of these episodes."""
        wanted = tuple(column for column in self.columns if column.field in fields)
        with self.store.open() as file:
            return Columns(
                lengths=self.rows[episodes],
                status=np.concatenate([self._no_rows(), *(self._status(e) for e in episodes.tolist())]),
                columns={
                    column.field: np.concatenate(
                        [np.zeros((0, *column.row_shape)), *(self._rows(file, column, e) for e in episodes.tolist())]
                    )
                    for column in wanted
                },
            )

    def _no_rows(self) -> ByteArray:
        return np.zeros((0, self.is_present.shape[1]), np.uint8)

    def _status(self, episode: int) -> ByteArray:
        is_final = np.arange(self.rows[episode]) >= self.length[episode]
        status = np.where(is_final[:, None], Status.WAITING, Status.ACTING)
        return np.where(self.is_present[episode], status, Status.ABSENT).astype(np.uint8)

    def _rows(self, file: ArrayReader, column: MinariColumn, episode: int) -> FloatArray:
        n_rows, length = int(self.rows[episode]), int(self.length[episode])
        rows = np.full((n_rows, *column.row_shape), np.nan)
        for part in column.parts:
            if part.leaf not in self.leaves[episode % len(self.leaves)]:
                continue
            values = file.read(f"{self.groups[episode]}/{part.leaf}").astype(np.float64)
            kept = values[max(len(values) - length, 0) :] if column.is_of_step else values[:n_rows]
            target = rows if part.slot is None else rows[:, part.slot]
            if target.ndim == 1:
                target[: len(kept)] = kept.reshape(-1)
            else:
                target[: len(kept), part.offset : part.offset + part.width] = kept.reshape(-1, part.width)
        return rows
