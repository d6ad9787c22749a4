"""What an agent does in a row of a log, and how an episode ends."""

from enum import IntEnum


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
