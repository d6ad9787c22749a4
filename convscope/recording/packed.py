"""Rows of numbers of several agents, as bytes: the quickest way to copy them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.recording.episode import RecordedColumn
from convscope.values.fields import Level

_MAX_BYTES = 1 << 14
"""Where there are more in a step, it takes so long that copying it in the usual way makes no difference."""


class PackedRows:
    """Copies what agents have in a row, as long as it is like an example.

    Parameters
    ----------
    example
        Of each agent; see `is_example`.
    """

    __slots__ = ("_dtypes", "_sizes", "agents", "n_bytes")

    def __init__(self, example: Mapping[str, npt.NDArray[Any]]) -> None:
        self.agents = tuple(example)
        self._dtypes = [values.dtype for values in example.values()]
        self._sizes = [values.nbytes for values in example.values()]
        self.n_bytes = sum(self._sizes)

    @staticmethod
    def is_example(values: Mapping[str, object]) -> bool:
        """Whether each agent has a row of numbers."""
        rows = [own for own in values.values() if isinstance(own, np.ndarray) and own.ndim == 1 and own.size]
        is_of_all = len(rows) == len(values) > 0
        is_small = sum(own.nbytes for own in rows) <= _MAX_BYTES
        return is_of_all and is_small and all(own.dtype.kind in "biuf" for own in rows)

    def pack(self, values: Mapping[str, Any]) -> bytes | None:
        """Return a copy of a row of these agents, in their order; None for any that is not like the example."""
        own = values.values()
        try:
            parts = [part.tobytes() for part in own]
            if [part.dtype for part in own] != self._dtypes or [*map(len, parts)] != self._sizes:
                return None
        except AttributeError:  # no arrays
            return None
        return b"".join(parts) if tuple(values) == self.agents else None

    def column(self, rows: Sequence[bytes]) -> RecordedColumn:
        """Return packed rows as a column."""
        joined = b"".join(rows)
        if len(set(self._dtypes)) == len(set(self._sizes)) == 1:
            values = np.frombuffer(joined, self._dtypes[0]).reshape(len(rows), len(self.agents), -1)
            return RecordedColumn(level=Level.AGENT, values=values)
        table = np.frombuffer(joined, np.uint8).reshape(len(rows), -1)
        parts = np.split(table, np.cumsum(self._sizes)[:-1], axis=1)
        by_agent = {
            agent: np.frombuffer(part.tobytes(), dtype).reshape(len(rows), -1)
            for agent, dtype, part in zip(self.agents, self._dtypes, parts, strict=True)
        }
        return RecordedColumn(level=Level.AGENT, by_agent=by_agent)
