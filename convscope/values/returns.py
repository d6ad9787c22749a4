"""The gap of runs beside what they earn."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GapAndReturn:
    """Alignment gap and mean return of runs, and how they go together."""

    runs: tuple[tuple[str, float, float], ...]
    """Name, alignment gap and mean return of each run that has both."""
    correlation: float | None
    """Of ranks, -1 to 1; below 0: runs closer to the prior earn more. None where one of the two does not vary."""
    interval: tuple[float, float] | None
    """95 %; None under four runs."""
    p_value: float | None
    """Two-sided, by exchange of the returns; None under four runs."""
