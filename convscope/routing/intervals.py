"""Intervals: over runs where there are three or more, else over the episodes of these runs only."""

import numpy as np
from scipy.special import stdtrit

from convscope.values.arrays import FloatArray

OVER_RUNS = "Student-t over runs, 95 %"
THESE_RUNS_ONLY = "these runs only: whole episodes resampled, 95 %"
BOOTSTRAP_OVER_RUNS = "bootstrap-t over runs, 95 %"
FEWEST_FOR_BOOTSTRAP = 8
"""Runs from which on an interval over runs allows for skewness."""
_N_RESAMPLES = 4_000
FEWEST_RUNS = 3
"""Fewer runs say nothing about further ones."""

Interval = tuple[float, float]


def student_t(values: FloatArray, *, level: float = 0.95) -> Interval | None:
    """Interval for the mean of runs.

    Parameters
    ----------
    values
        One a run, shape (S,); NaN are left out.
    level
        Two-sided.

    Returns
    -------
    Interval or None
        None for fewer than three values. A percentile bootstrap would cover 75 % at three runs and 83 % at five.
    """
    known = values[np.isfinite(values)]
    if len(known) < FEWEST_RUNS:
        return None
    half = mean_half_width(known, level=level)
    return float(known.mean()) - half, float(known.mean()) + half


def mean_half_width(values: FloatArray, *, level: float = 0.95) -> float:
    """Return half the width of the Student-t interval for the mean of at least two values."""
    quantile = float(stdtrit(len(values) - 1, (1 + level) / 2))
    return quantile * float(values.std(ddof=1)) / float(np.sqrt(len(values)))


def bootstrap_t(values: FloatArray, rng: np.random.Generator, *, level: float = 0.95) -> Interval | None:
    """Interval for the mean of runs that allows for skewness.

    Parameters
    ----------
    values
        One a run, shape (S,); NaN are left out.
    rng
        Draws runs with replacement.
    level
        Two-sided.

    Returns
    -------
    Interval or None
        None for fewer than `FEWEST_FOR_BOOTSTRAP` values: resamples of so few say too little of the tails.

    References
    ----------
    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 12.
    """
    known = values[np.isfinite(values)]
    n_runs = len(known)
    if n_runs < FEWEST_FOR_BOOTSTRAP:
        return None
    mean, error = float(known.mean()), float(known.std(ddof=1)) / float(np.sqrt(n_runs))
    drawn = known[rng.integers(n_runs, size=(_N_RESAMPLES, n_runs))]
    errors = drawn.std(axis=1, ddof=1) / np.sqrt(n_runs)
    # Resamples of one single value have no error of their own.
    is_spread = errors > 1e-9 * max(error, 1e-300)
    if not is_spread.any():
        return mean, mean
    scaled = (drawn.mean(axis=1)[is_spread] - mean) / errors[is_spread]
    low, high = np.quantile(scaled, [(1 - level) / 2, (1 + level) / 2]).tolist()
    return mean - high * error, mean - low * error


def percentiles(draws: FloatArray) -> Interval | None:
    """Return the middle 95 % of bootstrap draws, shape (B,); None where a draw is undefined."""
    if draws.size == 0 or not np.isfinite(draws).all():
        return None
    low, high = np.quantile(draws, [0.025, 0.975]).tolist()
    return low, high


def interval_of(over_runs: FloatArray, draws: FloatArray | None) -> tuple[Interval | None, str | None]:
    """Return an interval and what it is.

    Parameters
    ----------
    over_runs
        One value a run, shape (S,).
    draws
        Bootstrap draws of the mean over runs, shape (B,), where there are fewer than three runs.
    """
    found = student_t(over_runs)
    if found is not None:
        return found, OVER_RUNS
    found = None if draws is None else percentiles(draws)
    return found, None if found is None else THESE_RUNS_ONLY
