"""How much of something wanted is not there."""

from convscope.routing.intervals import Interval


def shortfall(share: float) -> float:
    """Return what a share lacks to be whole, 0 to 1; a share below 0 lacks all, one above 1 nothing."""
    return 1.0 - min(1.0, max(0.0, share))


def shortfall_between(interval: Interval) -> Interval:
    """Return the shortfalls of the ends of an interval of shares, the smaller one first."""
    low, high = interval
    return shortfall(high), shortfall(low)
