"""Hartigan's dip: how far a sample is from having a single mode."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from convscope.roles.dip_table import LEVELS, QUANTILES, SIZES
from convscope.values.arrays import FloatArray, IntArray

MIN_SIZE = 4
"""Under four values every sample is unimodal enough."""


def dip_statistic(values: FloatArray) -> float:
    """Largest distance between the empirical distribution and the nearest unimodal one.

    Parameters
    ----------
    values
        Finite numbers, in any order, at least one.

    Returns
    -------
    float
        1/(2n) for evenly spread values, at most 1/4.

    References
    ----------
    Hartigan and Hartigan, "The dip test of unimodality", Annals of Statistics 13 (1985): the modal interval shrinks
    until the greatest convex minorant left of it and the least concave majorant right of it leave nothing larger.
    """
    points, counts = np.unique(values, return_counts=True)
    above = np.cumsum(counts).astype(np.float64)
    steps = _Steps(points=points, above=above, below=above - counts)
    # In units of 1/n; one point of mass can never be less than half a step from a continuous distribution.
    dip, low, high = 1.0, 0, len(points) - 1
    while high > low:
        minorant, majorant = _hull(steps, low, high), _hull(steps, low, high, is_concave=True)
        gap = majorant.heights - minorant.heights
        if gap.max() <= dip:
            break
        new_low, new_high = _modal_interval(gap, minorant, majorant)
        # The ends of the modal interval may hold an atom of the mode, so their own steps do not count here.
        left = steps.above[low : low + new_low] - minorant.heights[:new_low]
        right = majorant.heights[new_high + 1 :] - steps.below[low + new_high + 1 : high + 1]
        dip = max(dip, float(left.max(initial=0.0)), float(right.max(initial=0.0)))
        if (new_low, new_high) == (0, high - low):
            break
        low, high = low + new_low, low + new_high
    return dip / (2 * len(values))


def dip_p_value(dip: float, n: int) -> float:
    """Probability of a dip at least as large among n values from the uniform distribution.

    Interpolated, in sqrt(n) times the dip and between sizes, from simulated quantiles; no smaller than 1 minus the
    last tabulated level. The uniform is the least favourable single mode, so other single modes give larger p.
    """
    if n < MIN_SIZE:
        return 1.0
    place = np.interp(np.log(n), np.log(SIZES), np.arange(len(SIZES)))
    lower, share = int(place), float(place) - int(place)
    upper = min(lower + 1, len(SIZES) - 1)
    quantiles = (1 - share) * QUANTILES[lower] + share * QUANTILES[upper]
    # Small samples often have the least dip there is: the first of equal quantiles is the one that p refers to.
    distinct, first = np.unique(quantiles, return_index=True)
    return float(1.0 - np.interp(np.sqrt(n) * dip, distinct, LEVELS[first]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Steps:
    """An empirical distribution function times n: its points, and its values after and before each step."""

    points: FloatArray
    above: FloatArray
    below: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Hull:
    """Convex minorant or concave majorant on a part of the points."""

    knots: IntArray
    heights: FloatArray


def _hull(steps: _Steps, low: int, high: int, *, is_concave: bool = False) -> _Hull:
    """Greatest convex minorant, of the function before its steps, or least concave majorant, of it after them.

    Its slopes are the isotonic regression of the function's own slopes, weighted by the distances between points.
    """
    points = steps.points[low : high + 1]
    heights = (steps.above if is_concave else steps.below)[low : high + 1].astype(np.float64)
    width = np.diff(points)
    slopes = isotonic_regression(np.diff(heights) / width, weights=width, increasing=not is_concave)
    knots = np.asarray(slopes.blocks, dtype=np.int64)
    return _Hull(knots=knots, heights=np.interp(points, points[knots], heights[knots]))


def _modal_interval(gap: FloatArray, minorant: _Hull, majorant: _Hull) -> tuple[int, int]:
    """Return the interval between the minorant's and the majorant's knots around the largest gap."""
    # The gap is widest at a knot; looking only there keeps rounding from choosing a point between two of them.
    knots = np.union1d(minorant.knots, majorant.knots)
    widest = int(knots[gap[knots].argmax()])
    low = minorant.knots[np.searchsorted(minorant.knots, widest, side="right") - 1]
    high = majorant.knots[np.searchsorted(majorant.knots, widest, side="left")]
    return int(low), int(high)
