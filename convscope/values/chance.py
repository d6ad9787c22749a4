"""What draws of a null say: one rule for ties and for p, so that every test counts alike."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray

TIE = 1e-9
"""Sums in another order, and the last step of a fit, differ by less: figures this close are equal."""


def at_least(observed: float, null: FloatArray, *, tie: float = TIE) -> BoolArray:
    """Return which draws of a null are as large as what was observed.

    Parameters
    ----------
    observed
        The statistic.
    null
        Draws of it, any shape. Undefined ones count, lest they ease a claim.
    tie
        Figures this close are equal, as a share of what was observed where that is above 1.
    """
    return np.asarray(~(null < observed - tie * (1 + abs(observed))))


def p_of_draws(observed: float, null: FloatArray, *, tie: float = TIE) -> float:
    """Return the p of a statistic of which large is extreme; what was observed counts as one draw of its own null.

    Parameters
    ----------
    observed
        The statistic.
    null
        Draws of it, shape (B,).
    tie
        As in `at_least`.
    """
    return float((1 + np.count_nonzero(at_least(observed, null, tie=tie))) / (1 + len(null)))
