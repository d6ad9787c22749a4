"""The stretch of a run on which pairs are read: none may be pooled over a change of policy."""

from collections.abc import Sequence

import numpy as np

from convscope.values.arrays import IntArray
from convscope.values.policy_reading import ChangePoint


def longest_stretch(numbers: IntArray, changes: Sequence[ChangePoint]) -> IntArray:
    """Return the numbers of the episodes of the longest stretch between changes, the later one on a tie.

    Parameters
    ----------
    numbers
        Of the episodes of one run, as in the log, rising, shape (E,).
    changes
        That were found within it.
    """
    edges = np.searchsorted(numbers, sorted(change.episode for change in changes))
    stretches = np.split(numbers, edges)
    return max(reversed(stretches), key=len)
