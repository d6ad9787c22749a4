"""How columns lie in a file: their chunks, and what the chunks go through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

CHUNK_BYTES = 128 << 10
"""Chunks are time-major and about this large: below the library's chunk cache of 1 MiB."""
CHUNK_ROWS = 16 << 10
"""Rows of a chunk of a column with one number a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How a column lies in the file."""

    filters: Mapping[str, bool | str | int] = field(default_factory=dict)
    """What its chunks go through, as h5py names it."""
    float_filters: Mapping[str, bool | str | int] | None = None
    """The same for floats, where that is something else."""
    chunk_rows: int | None = None
    """Rows of a chunk; None takes as many as `CHUNK_BYTES` hold."""

    def filters_of(self, dtype: np.dtype[np.generic]) -> Mapping[str, bool | str | int]:
        """Return what chunks of a type go through."""
        return self.filters if self.float_filters is None or dtype.kind != "f" else self.float_filters


PACKED = Storage(filters={"compression": "gzip", "compression_opts": 4, "shuffle": True, "fletcher32": True})
"""Of a file that is written once."""


def chunk_shape(shape: Sequence[int], item_bytes: int, storage: Storage) -> tuple[int, ...]:
    """Return the shape of the chunks of a column.

    Parameters
    ----------
    shape
        Of the column.
    item_bytes
        Of a value.
    storage
        How the column lies in the file.
    """
    rest = tuple(max(1, n) for n in shape[1:])
    if storage.chunk_rows is not None:
        return (storage.chunk_rows, *rest)
    rows = CHUNK_BYTES // (item_bytes * int(np.prod(rest))) if rest else CHUNK_ROWS
    return (max(1, min(rows, shape[0])), *rest)
