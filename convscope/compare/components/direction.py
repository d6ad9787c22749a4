"""On which side of the declared preference the learned one lies: weaker, sharper, or against it."""

from enum import StrEnum

from convscope.compare.comparison import RoutingTests
from convscope.compare.projection import strength
from convscope.routing.intervals import Interval, interval_of


class Direction(StrEnum):
    """Where λ lies, as far as its interval tells."""

    SHARPER = "it is sharper than declared"
    AGAINST = "it goes against what was declared"
    WEAKER = "it is weaker than declared"
    UNTOLD = ""


def strength_interval(tests: RoutingTests) -> tuple[Interval | None, str | None]:
    """Return the interval of the mean λ and what it is, as `convscope.routing.intervals.interval_of` does."""
    shown = strength(tests.scores.learned, tests.scores.target)
    draws = None if tests.resampled is None else strength(tests.resampled, tests.scores.target).mean(axis=1)
    return interval_of(shown, draws)


def direction(interval: Interval | None) -> Direction:
    """Return what an interval of λ allows to say: 1 = as declared, 0 = nothing of it, negative = against it."""
    if interval is None:
        return Direction.UNTOLD
    low, high = interval
    if low > 1:
        return Direction.SHARPER
    if high < 0:
        return Direction.AGAINST
    return Direction.WEAKER if low > 0 and high < 1 else Direction.UNTOLD
