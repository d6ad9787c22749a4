"""How large effects are, how well that is known, and which would have been found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, chndtrinc, ndtri

from convscope.routing.edges import q_values
from convscope.routing.predictive.common_cause import Margin
from convscope.routing.predictive.strength import Strengths
from convscope.values.arrays import FloatArray

_POWER = 0.8
HALF_WIDTH = float(ndtri(0.975))
"""Standard errors on either side of a weight in its 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scale:
    """From strengths to weights."""

    bits: FloatArray
    """Bits per step of a strength of 1, by run and test, shape (runs, tests); NaN where there is no data."""
    freedom: FloatArray
    """Share of the samples that the fits leave, shape (tests,)."""


def weight_errors(edges: Sequence[Strengths], scale: Scale) -> FloatArray:
    """Return half the width of the 95 % interval of each weight, a mean over runs, shape (tests,).

    Parameters
    ----------
    edges
        Strengths of each run.
    scale
        Bits of a strength.
    """
    variance = np.square(scale.bits) * np.array([edge.variance for edge in edges])
    n_known = np.isfinite(scale.bits).sum(axis=0)
    error = np.sqrt(np.nansum(variance, axis=0)) / np.maximum(n_known, 1)
    width: FloatArray = np.where(n_known > 0, HALF_WIDTH * error, np.nan)
    return width


def smallest_detectable(edges: Sequence[Strengths], scale: Scale, *, level: float, margin: Margin | None) -> FloatArray:
    """Return the weight that each test finds with a chance of 80 %, shape (tests,).

    Parameters
    ----------
    edges
        Strengths of each run.
    scale
        Bits of a strength.
    level
        Largest p that is significant.
    margin
        Over a common cause that edges must be told from; None without one.

    Notes
    -----
    The squared length of the scores is taken for a multiple of a noncentral chi-square variable with the mean and
    variance that the units show (Satterthwaite 1946).
    """
    chance = np.sum([edge.chance for edge in edges], axis=0)
    spread = np.sum([edge.spread for edge in edges], axis=0)
    is_known = (chance > 0) & (spread > 0)
    unit = np.where(is_known, spread / np.where(is_known, chance, 1.0), np.nan)
    n_free = np.where(is_known, chance**2 / np.where(is_known, spread, 1.0), np.nan)
    bar = chdtri(n_free, level) / np.maximum(scale.freedom, 1e-9)
    needed = unit * chndtrinc(bar, n_free, 1 - _POWER)
    if margin is not None:
        needed = np.maximum(needed, margin.bar + float(ndtri(1 - level) + ndtri(_POWER)) * margin.error)
    n_known = np.isfinite(scale.bits).sum(axis=0)
    bits = np.nansum(scale.bits, axis=0) / np.maximum(n_known, 1)
    detectable: FloatArray = np.where(n_known > 0, bits * needed / np.maximum(n_known, 1), np.nan)
    return detectable


def level_in_use(p_values: FloatArray, q: float) -> float:
    """Return the largest p that is significant by the false discovery rate, whatever the one edge in question says.

    Parameters
    ----------
    p_values
        Of one family of tests, any shape.
    q
        False discovery rate.
    """
    n_tests = int(np.isfinite(p_values).sum())
    n_found = int((q_values(p_values) <= q).sum())
    return q * max(n_found, 1) / max(n_tests, 1)
