"""How large a gap these runs could have shown, and how many runs would decide."""

import math
from bisect import bisect_left

import numpy as np
from scipy.special import stdtrit

from convscope.compare.scores import Scores, gap_of
from convscope.routing.divergence import conditioned, mean_divergence
from convscope.routing.intervals import FEWEST_RUNS, student_t
from convscope.values.arrays import FloatArray

POWER = 0.8
LARGEST_GAP = 2.0
"""Gaps up to here are tried; 1 is a role-blind team."""
_STEP = 0.02
_N_STUDIES = 400
_MOST_RUNS = 1_000


def smallest_detectable_gap(scores: Scores, rng: np.random.Generator) -> float | None:
    """Return the smallest gap that as many runs would show with 80 % power (docs/gap.md).

    Studies of as many runs are drawn around ``P(λ) = λQ + (1 - λ)U``, whose gap is 1 - λ, with the covariance between
    runs that was observed. A study shows a gap when the 95 % Student-t interval of its runs' gaps lies above the mean
    gap of runs with the same noise and no gap.

    Returns
    -------
    float or None
        Infinity when not even `LARGEST_GAP` would be shown; None for fewer than three runs or no scorable row.
    """
    n_runs = len(scores.runs)
    if n_runs < FEWEST_RUNS or not scores.is_scorable:
        return None
    noise = _noise(scores, rng)
    unshifted = float(_gaps(scores, noise, gap=0.0).mean())
    quantile = float(stdtrit(n_runs - 1, 0.975))

    def is_shown(step: int) -> int:
        gaps = _gaps(scores, noise, gap=step * _STEP)
        low = gaps.mean(axis=1) - quantile * gaps.std(axis=1, ddof=1) / np.sqrt(n_runs)
        return int(float((low > unshifted).mean()) >= POWER)

    steps = range(1, round(LARGEST_GAP / _STEP) + 1)
    # Power grows with the gap: all gaps share one noise.
    first = bisect_left(steps, 1, key=is_shown)
    return round(steps[first] * _STEP, 2) if first < len(steps) else math.inf


def runs_to_decide(gap: FloatArray, *, margin: float) -> int | None:
    """Return how many runs in all would set the gap apart from the margin, were they like these.

    Parameters
    ----------
    gap
        g of each run, shape (S,), S at least 3.
    margin
        Largest gap that counts as aligned.

    Returns
    -------
    int or None
        The smallest number, at least S, whose 90 % Student-t interval would exclude the margin; None when a thousand
        would not.
    """
    distance, spread = abs(float(gap.mean()) - margin), float(gap.std(ddof=1))
    for n_runs in range(len(gap), _MOST_RUNS):
        if float(stdtrit(n_runs - 1, 0.95)) * spread / math.sqrt(n_runs) < distance:
            return n_runs
    return None


def equivalence_interval(gap: FloatArray) -> tuple[float, float] | None:
    """Return the 90 % Student-t interval of the gap: its ends are two one-sided 5 % tests; None under three runs."""
    return student_t(gap, level=0.9)


def _noise(scores: Scores, rng: np.random.Generator) -> FloatArray:
    """Draw deviations with the observed covariance between runs, shape (studies, S, R, R)."""
    over_target = conditioned(scores.learned, np.isfinite(scores.target))
    deviation: FloatArray = np.nan_to_num(over_target - over_target.mean(axis=0))
    n_runs = len(scores.runs)
    weights = rng.standard_normal((_N_STUDIES, n_runs, n_runs)) / math.sqrt(n_runs - 1)
    return np.asarray(np.tensordot(weights, deviation, axes=1), dtype=np.float64)


def _gaps(scores: Scores, noise: FloatArray, *, gap: float) -> FloatArray:
    truth = (1 - gap) * scores.target + gap * scores.blind
    shown = np.clip(truth + noise, 0.0, None)
    return gap_of(mean_divergence(shown, scores.target), float(scores.run_floor.mean()) * np.ones(1), scores.anchor)
