"""Which tests stand so near the level that other random draws could decide otherwise."""

from collections.abc import Callable

import numpy as np

from convscope.routing.edges import q_values
from convscope.values.arrays import BoolArray, FloatArray, IntArray

MOST_DRAWS = 40_000
"""Behind a test, however near the level it stands."""
_DRAWS_AT_A_TIME = 1_000
_SURE = 2.576
"""Standard errors of a p from draws: the level lies outside in 99 %."""


def near_level(p_values: FloatArray, n_draws: FloatArray | IntArray | int, q: float) -> BoolArray:
    """Return the tests that would be significant at one end of the interval of their p and not at the other.

    Parameters
    ----------
    p_values
        Of one family of tests, any shape; NaN for none.
    n_draws
        Draws behind each.
    q
        False discovery rate that decides.

    Notes
    -----
    All tests are taken to their smallest p at once, and then to their largest: that asks for more draws than are
    needed, never for fewer. Sequential draws as in Besag and Clifford, "Sequential Monte Carlo p-values", Biometrika 78
    (1991), but until the claim is settled instead of the p.
    """
    low, high = _interval(p_values, n_draws)
    is_some = np.nan_to_num(q_values(low), nan=1.0) <= q
    is_all = np.nan_to_num(q_values(high), nan=1.0) <= q
    return np.asarray((is_some != is_all) & np.isfinite(p_values), dtype=np.bool_)


def is_near(p_values: FloatArray, n_draws: FloatArray | IntArray | int, alpha: float) -> BoolArray:
    """Return the tests whose p may lie on the other side of a fixed level; arguments as of `near_level`."""
    low, high = _interval(p_values, n_draws)
    return np.asarray((low < alpha) & (high >= alpha), dtype=np.bool_)


def draw_until_settled(
    n_above: FloatArray | IntArray,
    n_drawn: FloatArray | IntArray,
    *,
    is_tested: BoolArray,
    more: Callable[[IntArray, int], FloatArray | IntArray],
    q: float,
) -> FloatArray:
    """Return p of each test, drawn until its claim is clear or `MOST_DRAWS` are made.

    Parameters
    ----------
    n_above
        Draws that reached each test's value so far, shape (tests,).
    n_drawn
        Draws so far.
    is_tested
        Tests that count.
    more
        Makes so many further draws of some tests; returns how many reached the value of each.
    q
        False discovery rate that decides.
    """
    above, drawn = np.array(n_above, dtype=np.float64), np.array(n_drawn, dtype=np.float64)
    while True:
        p_values = (1 + above) / (1 + drawn)
        is_near = near_level(np.where(is_tested, p_values, np.nan), drawn, q)
        is_open = np.flatnonzero(is_near & (drawn < MOST_DRAWS))
        if not len(is_open):
            return np.asarray(p_values, dtype=np.float64)
        above[is_open] += more(is_open, _DRAWS_AT_A_TIME)
        drawn[is_open] += _DRAWS_AT_A_TIME


def _interval(p_values: FloatArray, n_draws: FloatArray | IntArray | int) -> tuple[FloatArray, FloatArray]:
    half = _SURE * np.sqrt(np.maximum(p_values * (1 - p_values), 0.0) / np.maximum(n_draws, 1))
    return np.maximum(p_values - half, np.finfo(float).tiny), np.minimum(p_values + half, 1.0)
