"""From who is there in a row to who has not come yet, waits, or is out of the game."""

import numpy as np

from convscope.values.arrays import BoolArray, ByteArray, IntArray
from convscope.values.status import Status


def mark_presence(status: ByteArray, is_present: BoolArray, offsets: IntArray) -> None:
    """Mark rows before an agent's first presence absent, after its last one dead, and gaps between as waiting.

    Parameters
    ----------
    status
        `Status` of each agent in each row, shape (T, N), changed in place; who is absent already stays so.
    is_present
        Who is there, shape (T, N).
    offsets
        First row of each episode and the end, shape (B + 1,).
    """
    for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        here = is_present[start:stop]
        is_acting = status[start:stop] != Status.ABSENT
        is_before = ~np.logical_or.accumulate(here, axis=0)
        is_after = ~np.logical_or.accumulate(here[::-1], axis=0)[::-1]
        status[start:stop][is_acting & ~here] = Status.WAITING
        status[start:stop][is_acting & is_before] = Status.ABSENT
        status[start:stop][is_acting & is_after & ~is_before] = Status.DEAD
