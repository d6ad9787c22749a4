"""How large a gap these runs could have shown, and how many runs would decide."""

import math
from functools import cache
from typing import cast

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaincinv, nctdtr, stdtrit

from convscope.compare.attainable import MOST_RUNS
from convscope.compare.scores import Scores, gap_of
from convscope.routing.divergence import conditioned, mean_divergence
from convscope.routing.intervals import FEWEST_RUNS, student_t
from convscope.values.arrays import FloatArray

POWER = 0.8
LARGEST_GAP = 2.0
"""Gaps up to here are tried; 1 is a role-blind team."""
_GAPS = np.linspace(0.0, LARGEST_GAP, 201)
_N_SIZES = 50
"""Sizes that the noise between runs may have, all equally likely after what was seen."""
_SMALLEST_ERROR = 1e-9
_LARGEST_SHIFT = 10.0
"""In standard errors; three runs, the fewest, need 6.1."""


def smallest_detectable_gap(scores: Scores) -> float | None:
    """Return the smallest gap that as many runs would show with 80 % power (docs/gap.md).

    The runs are moved to ``P(λ) = λQ + (1 - λ)U``, whose gap is 1 - λ, each with its own deviation from their mean. A
    study shows a gap when the 90 % Student-t interval of its runs' gaps lies above the mean gap of runs with the same
    noise and no gap. Its power is that of the noncentral t, with a variance that is known no better than from so many
    runs.

    Returns
    -------
    float or None
        Infinity when not even `LARGEST_GAP` would be shown; None for fewer than three runs or no scorable row.
    """
    if len(scores.runs) < FEWEST_RUNS or not scores.is_scorable:
        return None
    moved = _moved(scores)
    shift = moved[1:].mean(axis=1) - float(moved[0].mean())
    error = moved[1:].std(axis=1, ddof=1) / math.sqrt(moved.shape[1])
    is_shown = np.flatnonzero(shift > _shift_shown(moved.shape[1]) * np.maximum(error, _SMALLEST_ERROR))
    return round(float(_GAPS[1 + is_shown[0]]), 2) if len(is_shown) else math.inf


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
    for n_runs in range(len(gap), MOST_RUNS):
        if float(stdtrit(n_runs - 1, 0.95)) * spread / math.sqrt(n_runs) < distance:
            return n_runs
    return None


def equivalence_interval(gap: FloatArray) -> tuple[float, float] | None:
    """Return the 90 % Student-t interval of the gap: its ends are two one-sided 5 % tests; None under three runs."""
    return student_t(gap, level=0.9)


def _moved(scores: Scores) -> FloatArray:
    """Return g of each run, had it the gaps of `_GAPS` and its own deviation, shape (gaps, S)."""
    shown = conditioned(scores.learned, np.isfinite(scores.target))
    mean = shown.mean(axis=0)
    # The mean of S runs takes up 1 / S of their variance.
    widened = math.sqrt(len(shown) / (len(shown) - 1))
    deviation = widened * (np.divide(shown, mean, out=np.ones_like(shown), where=mean > 0) - 1)
    weight = _GAPS[:, None, None, None]
    truth = np.clip((1 - weight) * scores.target + weight * scores.blind, 0.0, None)
    moved = truth * np.clip(1 + np.nan_to_num(deviation), 0.0, None)
    return gap_of(mean_divergence(moved, scores.target), scores.run_floor.mean(keepdims=True), scores.anchor)


@cache
def _shift_shown(n_runs: int) -> float:
    """Return the shift of a mean, in standard errors as so many runs tell them, that is shown in 80 % of studies."""
    # S runs tell a variance like a chi-squared variable of S - 1 degrees of freedom; these are its middle quantiles.
    shares = (np.arange(_N_SIZES) + 0.5) / _N_SIZES
    sizes = np.sqrt((n_runs - 1) / (2 * gammaincinv((n_runs - 1) / 2, shares)))
    quantile = float(stdtrit(n_runs - 1, 0.95))

    def excess(shift: float) -> float:
        return float((1 - nctdtr(n_runs - 1, shift / sizes, quantile)).mean()) - POWER

    # It hands back a tuple only where that is asked for.
    return cast("float", brentq(excess, 0.0, _LARGEST_SHIFT))
