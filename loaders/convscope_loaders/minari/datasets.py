"""The datasets of one name in all episodes, such as the observations of one agent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayReader
from convscope.ingest.hdf5.gathering import StoredArrays, read_each
from convscope.values.arrays import BoolArray, IntArray, sealed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeDatasets:
    """A small dataset of each episode."""

    leaf: str
    """Path within the episode."""
    n_rows: IntArray
    """Rows in each episode, -1 where it has no such dataset, shape (E,)."""
    stored: StoredArrays | None
    """Where they lie; None where each has to be opened."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_rows", sealed(self.n_rows, (None,), "n_rows"))

    @property
    def is_there(self) -> BoolArray:
        """Which episodes have it, shape (E,)."""
        return np.asarray(self.n_rows >= 0, dtype=np.bool_)

    def of(self, episodes: IntArray) -> "EpisodeDatasets":
        """Return the datasets of some episodes."""
        stored = None if self.stored is None else self.stored.of(episodes)
        return EpisodeDatasets(leaf=self.leaf, n_rows=self.n_rows[episodes], stored=stored)

    def read(
        self, file: ArrayReader, groups: Sequence[str], *, start: IntArray, stop: IntArray
    ) -> npt.NDArray[np.generic]:
        """Return rows of each, one episode after the other.

        Parameters
        ----------
        file
            Open file.
        groups
            Paths of the episodes, which all have it.
        start, stop
            Rows of each, shape (E,).
        """
        return read_each(
            file, lambda number: f"{groups[number]}/{self.leaf}", start=start, stop=stop, stored=self.stored
        )
