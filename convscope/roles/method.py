"""What a way of dividing units into groups is."""

from typing import Protocol

from convscope.values.arrays import FloatArray, IntArray


class Partition(Protocol):
    """Units divided into groups."""

    @property
    def centres(self) -> FloatArray:
        """Centre of each group, shape (k, C)."""
        ...

    def assign(self, values: FloatArray) -> IntArray:
        """Return the group of each unit, also of units that were not there before, shape (U,)."""
        ...


class Method(Protocol):
    """Divides units into a given number of groups. Stateless."""

    @property
    def name(self) -> str:
        """As results name it."""
        ...

    def fit(self, values: FloatArray, k: int, *, seed: int, n_starts: int = 10) -> Partition:
        """Find k groups.

        Parameters
        ----------
        values
            Coordinates of the units, shape (U, C), U >= k.
        k
            Number of groups, at least 1.
        seed
            Of the starts, from 0 to 2**32 - 1.
        n_starts
            Starts, the best of which is kept.
        """
        ...
