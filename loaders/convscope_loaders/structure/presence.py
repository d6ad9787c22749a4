"""From who is there in a row to who has not come yet, waits, or is out of the game."""

from collections.abc import Iterable

import numpy as np

from convscope.values.arrays import BoolArray, ByteArray
from convscope.values.status import Status


def mark_presence(status: ByteArray, is_present: BoolArray, spans: Iterable[tuple[int, int]]) -> None:
    """Mark rows before an agent's first presence absent, after its last one dead, and gaps between as waiting.

    Parameters
    ----------
    status
        `Status` of each agent in each row, shape (T, N), changed in place; who is absent already stays so.
    is_present
        Who is there, shape (T, N).
    spans
        First row of each episode, and one past its last.
    """
    for start, stop in spans:
        here = is_present[start:stop]
        is_acting = status[start:stop] != Status.ABSENT
        is_before = ~np.logical_or.accumulate(here, axis=0)
        is_after = ~np.logical_or.accumulate(here[::-1], axis=0)[::-1]
        status[start:stop][is_acting & ~here] = Status.WAITING
        status[start:stop][is_acting & is_before] = Status.ABSENT
        status[start:stop][is_acting & is_after & ~is_before] = Status.DEAD


def mark_out(status: ByteArray, is_out: BoolArray, spans: Iterable[tuple[int, int]]) -> None:
    """Mark who is out of the game until an episode ends dead, and who was never in it absent.

    Parameters
    ----------
    status
        `Status` of each agent in each row, shape (T, N), changed in place; who is absent already stays so.
    is_out
        Who looks so, shape (T, N).
    spans
        First row of each episode, and one past its last.
    """
    for start, stop in spans:
        rows = status[start:stop]
        to_the_end = np.logical_and.accumulate(is_out[start:stop][::-1], axis=0)[::-1]
        rows[to_the_end & (rows != Status.ABSENT)] = Status.DEAD
        rows[:, to_the_end[0]] = Status.ABSENT


def mark_leaving(status: ByteArray, has_flag: BoolArray, spans: Iterable[tuple[int, int]]) -> None:
    """Mark the rows after the one in which an agent leaves the game dead.

    Parameters
    ----------
    status
        `Status` of each agent in each row, shape (T, N), changed in place; who is absent already stays so.
    has_flag
        Where each agent's last row is, shape (T, N).
    spans
        First row of each episode, and one past its last.
    """
    for start, stop in spans:
        has_left = np.logical_or.accumulate(has_flag[start : stop - 1], axis=0)
        rows = status[start + 1 : stop]
        rows[has_left & (rows != Status.ABSENT)] = Status.DEAD
