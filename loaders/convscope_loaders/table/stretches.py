"""Stretches of rows in which a clock goes on within one episode: what a column of episodes is tried by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretches:
    """Rows of one agent that follow each other in one episode, while the clock goes on."""

    order: IntArray
    """Rows of the table, those of a stretch together, shape (n,)."""
    number: IntArray
    """Of the stretch, for each row in that order."""

    def local(self, clock: FloatArray) -> FloatArray:
        """Return the time of each row of the table since its stretch began."""
        ordered = clock[self.order]
        first = ordered[np.flatnonzero(self._is_new)]
        local = np.empty(len(clock))
        local[self.order] = ordered - first[self.number]
        return local

    def is_constant(self, codes: IntArray) -> bool:
        """Whether a column says the same in all rows of each stretch."""
        ordered = codes[self.order]
        return not (~self._is_new[1:] & (ordered[1:] != ordered[:-1])).any()

    def first_repeated(self, keys: IntArray) -> int | None:
        """Return the first row of a stretch whose key another stretch had; None where each has its own."""
        firsts = self.order[self._is_new]
        _, first_use = np.unique(keys[firsts], return_index=True)
        again = np.delete(firsts, first_use)
        return int(again.min()) if len(again) else None

    @property
    def _is_new(self) -> BoolArray:
        return np.append(True, self.number[1:] != self.number[:-1])[: len(self.number)]


def find_stretches(stream: IntArray, episode: IntArray, clock: FloatArray) -> Stretches:
    """Find the stretches of a table.

    Parameters
    ----------
    stream
        Rows that follow each other have the same number: those of one agent of one run, shape (n,).
    episode, clock
        Of each row.
    """
    order = np.lexsort((clock, stream))
    is_once = ((stream[order][1:] != stream[order][:-1]) | (clock[order][1:] != clock[order][:-1])).all()
    if not is_once:
        # Times come again: only the order in the file can tell what follows what.
        order = np.argsort(stream, kind="stable")
    ordered = [column[order] for column in (stream, episode)]
    is_new = np.append(True, np.any([column[1:] != column[:-1] for column in ordered], axis=0))[: len(order)]
    is_new[1:] |= clock[order][1:] <= clock[order][:-1]
    return Stretches(order=order, number=np.cumsum(is_new) - 1)


def joint_codes(columns: Sequence[FloatArray], n_rows: int) -> IntArray:
    """Return one number from 0 for each combination of values, shape (n,)."""
    group = np.zeros(n_rows, np.int64)
    for values in columns:
        codes = np.unique(values, return_inverse=True)[1].reshape(-1)
        group = np.unique(group * n_rows + codes, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return group
