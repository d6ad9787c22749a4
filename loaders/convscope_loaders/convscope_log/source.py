"""Rows of a convscope log."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convscope.ingest.hdf5.reading import Hdf5Reader, open_hdf5
from convscope.ingest.packing import unpack
from convscope.values.arrays import ByteArray, FloatArray, IntArray, joined, sealed
from convscope.values.fields import PAIR_MESSAGES
from convscope.values.log import Columns, EpisodeSource


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """A dataset that holds a field, or one group's part of it."""

    path: str
    slots: tuple[int, ...] | None
    """Agents whose columns it holds; None for a field of the whole team."""
    missing: int | None
    """Number that stands for a missing cell; None where that is NaN."""

    @property
    def is_in_order(self) -> bool:
        """Whether its columns are those of the first agents, each in its place."""
        return self.slots is None or self.slots == tuple(range(len(self.slots)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredField:
    """A field and the datasets that hold it."""

    name: str
    row_shape: tuple[int, ...]
    """Of a row in memory, with agent, receiver and sender axes."""
    parts: tuple[StoredPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConvscopeSource:
    """Reads rows of a convscope log."""

    path: Path
    n_agents: int
    status: tuple[StoredPart, ...]
    """The status columns of each group."""
    fields: tuple[StoredField, ...]
    start: IntArray
    """First row of each episode, shape (E,)."""
    rows: IntArray
    """Rows of each episode, shape (E,)."""

    def __post_init__(self) -> None:
        for name in ("start", "rows"):
            object.__setattr__(self, name, sealed(getattr(self, name), (None,), name))

    def narrowed(self, episodes: IntArray) -> tuple[EpisodeSource, IntArray]:
        """Return a source of some of the episodes, and their numbers in it."""
        source = replace(self, start=self.start[episodes], rows=self.rows[episodes])
        return source, np.arange(len(episodes))

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return the rows of these episodes; neighbours in the file are read at once."""
        starts, rows = self.start[episodes], self.rows[episodes]
        cuts = np.flatnonzero(starts[1:] != starts[:-1] + rows[:-1]) + 1
        groups = [group for group in np.split(np.arange(len(episodes)), cuts) if len(group)]
        spans = [(int(starts[group[0]]), int(starts[group[-1]] + rows[group[-1]])) for group in groups]
        wanted = [field for field in self.fields if field.name in fields]
        with open_hdf5(self.path) as file:
            status = [self._status(file, span) for span in spans]
            columns = {field.name: [_field_rows(file, field, span) for span in spans] for field in wanted}
        no_status = np.zeros((0, self.n_agents), np.uint8)
        return Columns(
            lengths=rows,
            status=joined(status, no_status),
            columns={field.name: joined(columns[field.name], np.zeros((0, *field.row_shape))) for field in wanted},
        )

    def _status(self, file: Hdf5Reader, span: tuple[int, int]) -> ByteArray:
        status = np.zeros((span[1] - span[0], self.n_agents), np.uint8)
        for part in self.status:
            status[:, list(part.slots or ())] = file.read(part.path, *span)
        return status


def _field_rows(file: Hdf5Reader, field: StoredField, span: tuple[int, int]) -> FloatArray:
    parts = [_part_rows(file, field, part, span=span) for part in field.parts]
    row_shape = field.row_shape
    if len(parts) == 1 and parts[0].shape[1:] == row_shape and field.parts[0].is_in_order:
        return parts[0]
    rows = np.full((span[1] - span[0], *row_shape), np.nan)
    for part, values in zip(field.parts, parts, strict=True):
        width = values.shape[2:3]
        target = rows[:, :, : width[0]] if width else rows
        target[:, list(part.slots or ())] = values
    return rows


def _part_rows(file: Hdf5Reader, field: StoredField, part: StoredPart, *, span: tuple[int, int]) -> FloatArray:
    # Without a mark among whole numbers, which float64 might not tell from its neighbours, rows are read as they go.
    is_ready = part.missing is None
    values = file.read_floats(part.path, *span) if is_ready else unpack(file.read(part.path, *span), part.missing)
    if part.slots is None:
        return _receiver_first(values) if field.name == PAIR_MESSAGES else values
    # A discrete action is one number in the file and one column in memory.
    return values.reshape(*values.shape, *(1 for _ in range(len(field.row_shape) + 1 - values.ndim)))


def _receiver_first(messages: FloatArray) -> FloatArray:
    """Turn (T, sender, receiver, M) into (T, M, receiver, sender)."""
    return np.moveaxis(messages, (1, 2), (-1, -2))
