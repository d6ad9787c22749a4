"""What an agent does in a row of a log, and how an episode ends."""

from enum import IntEnum

import numpy as np

from convscope.values.arrays import BoolArray, ByteArray


class Status(IntEnum):
    """State of one agent in one row; the authority on who takes part, never magic zeros."""

    ABSENT = 0
    """Not in the team in this episode, or not yet."""
    ACTING = 1
    """Takes an action."""
    WAITING = 2
    """Present without acting: another agent's turn, a macro-action under way, or the final observation."""
    DEAD = 3
    """Out of the game for the rest of the episode."""


class EndKind(IntEnum):
    """How an episode ends."""

    UNKNOWN = 0
    """The log does not say."""
    TERMINATED = 1
    """The task ended."""
    TRUNCATED = 2
    """A time limit."""
    CUT = 3
    """The recording stops in the middle."""
    AMBIGUOUS = 4
    """The log marks it both as ended and as a time limit."""


def kinds_of_ends(terminated: BoolArray, truncated: BoolArray, *, neither: EndKind) -> ByteArray:
    """Return how episodes end, from the flags of their last steps.

    Parameters
    ----------
    terminated, truncated
        Shape (E,).
    neither
        What an episode without either flag is.
    """
    kinds = np.array([[neither, EndKind.TRUNCATED], [EndKind.TERMINATED, EndKind.AMBIGUOUS]], dtype=np.uint8)
    return kinds[terminated.astype(np.int64), truncated.astype(np.int64)]
