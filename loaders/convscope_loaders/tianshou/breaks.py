"""Where an environment was reset before its episode had ended: another observation follows than was announced."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from convscope.ingest.container import ArrayReader
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.succession import is_same
from convscope_loaders.tianshou.ring import Ring

_ROWS_AT_A_TIME = 1 << 14
_MOST = 0.9
"""Share of rows that must go on as announced, for the others to mean anything."""


def find_breaks(
    file: ArrayReader, pairs: Iterable[tuple[str, str]], *, rings: Sequence[Ring], is_end: BoolArray
) -> BoolArray | None:
    """Return in which rows an episode stops without an end flag, shape (rows of the arrays,).

    Parameters
    ----------
    file
        Open buffer.
    pairs
        Arrays of observations, each with the one that holds what followed.
    rings
        Of the buffer.
    is_end
        Rows with an end flag.

    Returns
    -------
    BoolArray or None
        None where observations seldom follow each other as announced, so that nothing can be said.
    """
    is_break = np.zeros(len(is_end), bool)
    for before, after in pairs:
        for ring in rings:
            for rows, differs in _differences(file, before, after, ring=ring):
                is_break[rows] |= differs
    compared = [rows[~is_end[rows]] for rows in (ring.rows[:-1] for ring in rings)]
    n_compared = sum(map(len, compared))
    n_breaks = sum(int(is_break[rows].sum()) for rows in compared)
    return is_break if n_breaks <= (1 - _MOST) * n_compared else None


def _differences(file: ArrayReader, before: str, after: str, *, ring: Ring) -> Iterator[tuple[slice, BoolArray]]:
    stop = ring.low + ring.capacity if ring.size == ring.capacity else ring.low + ring.size
    for start in range(ring.low, stop, _ROWS_AT_A_TIME):
        end = min(start + _ROWS_AT_A_TIME, stop)
        announced = np.asarray(file.read(after, start, end))
        followed = np.asarray(file.read(before, start + 1, min(end + 1, stop)))
        if end == stop:
            # The row after the ring's last one is its first.
            followed = np.concatenate([followed, np.asarray(file.read(before, ring.low, ring.low + 1))])
        yield slice(start, end), ~is_same(announced, followed, 1)
