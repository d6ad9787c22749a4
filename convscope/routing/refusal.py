"""A source of routing that does not hold what it should."""

from convscope.errors import LogFormatError


class UnreadableSourceError(LogFormatError):
    """A source of routing holds something else than weights, or than the probabilities that actions were drawn from."""
