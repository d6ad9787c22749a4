"""Rows of several environments in turn look like those of one: each is followed by its own some rows later."""

from typing import Any

import numpy as np
import numpy.typing as npt

_MOST = 64
"""Environments."""
_ROWS = 4096
_LIKE = 0.25
"""Share of a step in the stream that a step in an environment is, at most."""
_FAR = 0.75
"""Share of the distance between any two rows that a step in the stream is, at least."""


def count_interleaved(rows: npt.NDArray[Any]) -> int:
    """Return how many environments wrote rows in turn; 1 where none but one did, or nothing tells.

    Parameters
    ----------
    rows
        What agents see, shape (T, ...).
    """
    flat = np.asarray(rows[:_ROWS], dtype=np.float64).reshape(min(len(rows), _ROWS), -1)
    if len(flat) < 12 or not np.isfinite(flat).all():
        return 1
    step = _typical(flat, 1)
    is_apart = step >= _FAR * _typical(flat, len(flat) // 2) > 0
    lags = range(2, min(_MOST, len(flat) // 4) + 1) if is_apart else ()
    found = {lag: _typical(flat, lag) for lag in lags}
    nearest = min(found, key=lambda lag: found[lag], default=1)
    # A row that comes back exactly is one of a world that goes in circles.
    return nearest if 0 < found.get(nearest, step) < _LIKE * step else 1


def _typical(flat: npt.NDArray[np.float64], lag: int) -> float:
    return float(np.median(np.abs(flat[lag:] - flat[:-lag]).mean(axis=1)))
