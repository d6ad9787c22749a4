"""Which tests stand so near the level that other random draws could decide otherwise."""

import numpy as np

from convscope.routing.edges import q_values
from convscope.values.arrays import BoolArray, FloatArray, IntArray

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
    half = _SURE * np.sqrt(np.maximum(p_values * (1 - p_values), 0.0) / np.maximum(n_draws, 1))
    low, high = np.maximum(p_values - half, np.finfo(float).tiny), np.minimum(p_values + half, 1.0)
    is_some = np.nan_to_num(q_values(low), nan=1.0) <= q
    is_all = np.nan_to_num(q_values(high), nan=1.0) <= q
    return np.asarray((is_some != is_all) & np.isfinite(p_values), dtype=np.bool_)
