"""Intervals: over runs where there are three or more, else over the episodes of these runs only."""

import numpy as np
from scipy.special import stdtrit

from convscope.compare.scores import Scores
from convscope.randomness import generator
from convscope.routing.choice_model import Choices, collapse, fit
from convscope.routing.preference import by_role
from convscope.values.arrays import FloatArray
from convscope.values.routing import RoutingTallies

OVER_RUNS = "Student-t over runs, 95 %"
THESE_RUNS_ONLY = "these runs only: whole episodes resampled, 95 %"
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


def percentiles(draws: FloatArray) -> Interval | None:
    """Return the middle 95 % of bootstrap draws, shape (B,); None where a draw is undefined."""
    if draws.size == 0 or not np.isfinite(draws).all():
        return None
    low, high = np.quantile(draws, [0.025, 0.975]).tolist()
    return low, high


def resampled_preferences(tallies: RoutingTallies, scores: Scores, *, n_draws: int, seed: int) -> FloatArray | None:
    """Fit the preference of each run to whole episodes drawn with replacement.

    Parameters
    ----------
    tallies
        Of all runs.
    scores
        Says which runs count.
    n_draws
        Number of draws, B.
    seed
        Of the analysis.

    Returns
    -------
    FloatArray or None
        Shape (B, S, R, R); None where a run has a single episode.
    """
    names = scores.runs
    runs = [tallies.rows(np.equal(tallies.run, tallies.runs.index(name))) for name in names]
    if any(len(np.unique(run.unit)) < 2 for run in runs):
        return None
    n_roles = len(scores.roles)
    return np.stack(
        [
            _resampled(run, n_roles, n_draws=n_draws, rng=generator(seed, "gap", "episodes", name))
            for name, run in zip(names, runs, strict=True)
        ],
        axis=1,
    )


def _resampled(tallies: RoutingTallies, n_roles: int, *, n_draws: int, rng: np.random.Generator) -> FloatArray:
    units, unit = np.unique(tallies.unit, return_inverse=True)
    receiving, counts, role_mass = by_role(tallies, n_roles)
    each = collapse(receiving, counts, role_mass, fit_of_row=unit, n_fits=len(units))
    times = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), size=n_draws).astype(np.float64)
    return fit(
        Choices(
            mass=np.tensordot(times, each.mass, axes=1),
            weight=np.tensordot(times, each.weight, axes=1),
            compositions=each.compositions,
        )
    ).preference


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
