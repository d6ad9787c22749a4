"""Rows of padded episodes as the PyMARL family stores them: (episode, timestep, agent, ...)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader, ArrayStore
from convscope.values.arrays import BoolArray, ByteArray, FloatArray, IntArray, joined, sealed
from convscope.values.log import Columns, EpisodeSource
from convscope.values.status import Status
from convscope_loaders.structure.dead import looks_out


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddedColumn:
    """A dataset that becomes a field."""

    field: str
    path: str
    row_shape: tuple[int, ...]
    """What a row of the field looks like, agent axis included."""
    is_of_step: bool
    """Whether it belongs to a step that was taken, so that the final observation's row has none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaddedSource:
    """Reads the real rows of padded episodes."""

    store: ArrayStore
    n_agents: int
    n_padded: int
    """Rows of an episode in the file, padding included."""
    columns: tuple[PaddedColumn, ...]
    number: IntArray
    """Row of each episode in the file's arrays, shape (E,); episodes without a step are left out."""
    length: IntArray
    """Joint steps of each episode, shape (E,)."""
    rows: IntArray
    """One more where the bootstrap row holds a final observation, shape (E,)."""
    masks: str | None
    """Dataset of the legal actions, (episode, timestep, agent, action)."""
    observations: str | None
    """Dataset of the observations."""

    def __post_init__(self) -> None:
        for name in ("number", "length", "rows"):
            object.__setattr__(self, name, sealed(getattr(self, name), (None,), name))

    def narrowed(self, episodes: IntArray) -> tuple[EpisodeSource, IntArray]:
        """Return a source of some of the episodes, and their numbers in it."""
        parts = {name: getattr(self, name)[episodes] for name in ("number", "length", "rows")}
        return replace(self, **parts), np.arange(len(episodes))

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return the rows of these episodes, without padding."""
        wanted = tuple(column for column in self.columns if column.field in fields)
        cuts = np.flatnonzero(np.diff(self.number[episodes]) != 1) + 1
        with self.store.open() as file:
            parts = [self._part(file, part, wanted) for part in np.split(episodes, cuts) if len(part)]
        no_status = np.zeros((0, self.n_agents), np.uint8)
        return Columns(
            lengths=self.rows[episodes],
            status=joined([part.status for part in parts], no_status),
            columns={
                column.field: joined([part.columns[column.field] for part in parts], np.zeros((0, *column.row_shape)))
                for column in wanted
            },
        )

    def _part(self, file: ArrayReader, episodes: IntArray, columns: tuple[PaddedColumn, ...]) -> Columns:
        """Read episodes that follow each other in the file."""
        start, stop = int(self.number[episodes[0]]), int(self.number[episodes[-1]]) + 1
        step = np.arange(self.n_padded)
        is_real = step < self.rows[episodes][:, None]
        is_final = (step == self.length[episodes][:, None]) & is_real
        read: dict[str, FloatArray] = {}
        told: dict[str, npt.NDArray[np.generic]] = {}
        for column in columns:
            padded = file.read(column.path, start, stop)
            if column.path in (self.masks, self.observations):
                told[column.path] = padded
            # Without the padding first: it may be most of the array.
            values = padded[is_real].astype(np.float64).reshape(int(is_real.sum()), *column.row_shape)
            if column.is_of_step:
                values[is_final[is_real]] = np.nan
            read[column.field] = values
        is_out = self._is_out(lambda path: told[path] if path in told else file.read(path, start, stop), is_real)
        return Columns(lengths=self.rows[episodes], status=_status(is_final, is_out)[is_real], columns=read)

    def _is_out(self, padded: Callable[[str], npt.NDArray[np.generic]], is_real: BoolArray) -> BoolArray:
        """Return who is out of the game until the episode's end, shape (B, L, N).

        Parameters
        ----------
        padded
            Gives a dataset of these episodes by its path, with padding.
        is_real
            Which rows are no padding, shape (B, L).
        """
        is_out = np.zeros((*is_real.shape, self.n_agents), np.bool_)
        if self.masks is None or self.observations is None:
            return is_out
        observations = self.observations
        is_out = looks_out(padded(self.masks), lambda: padded(observations), 3)
        from_the_end = np.logical_and.accumulate((is_out | ~is_real[..., None])[:, ::-1], axis=1)
        return from_the_end[:, ::-1]


def _status(is_final: BoolArray, is_out: BoolArray) -> ByteArray:
    status = np.full(is_out.shape, Status.ACTING, np.uint8)
    status[is_final] = Status.WAITING
    status[is_out] = Status.DEAD
    # Out from the first row on: a slot that this episode's team does not fill.
    status[np.broadcast_to(is_out[:, :1], is_out.shape)] = Status.ABSENT
    return status
