"""What explains the gap: less of the declared structure, or structure of another kind."""

import numpy as np

from convscope.routing.divergence import conditioned, even, mean_divergence
from convscope.values.arrays import FloatArray

NEARLY_EVEN = 0.001
"""A preference nearer than this to even, in bits, has no direction of its own."""


def strength(learned: FloatArray, target: FloatArray) -> FloatArray:
    """Return λ, the share of the declared structure that P shows (docs/gap.md).

    ``λ = <P - U, Q - U> / |Q - U|²``: 1 = as declared, 0 = none of it, negative = against it.

    Parameters
    ----------
    learned
        P, shape (..., R, R).
    target
        Q of the scorable rows, shape (R, R); NaN elsewhere.
    """
    shown, declared = _deviations(learned, target)
    return _along(shown, declared)


def foreign_share(learned: FloatArray, target: FloatArray, *, floor: FloatArray) -> FloatArray:
    """Return ``1 - cos²`` of the angle between P - U and Q - U: 0 = all of P's structure is along the declared one.

    Parameters
    ----------
    learned, target
        As in `strength`.
    floor
        Noise floor in bits, shape (...).

    Returns
    -------
    FloatArray
        Shape (...); NaN where P is about even: within the noise floor, or nearer than `NEARLY_EVEN`.
    """
    shown, declared = _deviations(learned, target)
    size = (shown**2).sum(axis=(-2, -1))
    along = np.square(_along(shown, declared)) * (declared**2).sum(axis=(-2, -1))
    cells = np.isfinite(target)
    is_uneven = mean_divergence(conditioned(learned, cells), even(cells)) > np.maximum(floor, NEARLY_EVEN)
    foreign = 1 - np.divide(along, size, out=np.ones_like(size), where=size > 0)
    return np.asarray(np.where(is_uneven, np.clip(foreign, 0.0, 1.0), np.nan))


def _along(shown: FloatArray, declared: FloatArray) -> FloatArray:
    """Return the share of one deviation in another, shape (...); NaN where nothing is declared."""
    together, size = (shown * declared).sum(axis=(-2, -1)), (declared**2).sum(axis=(-2, -1))
    return np.asarray(np.divide(together, size, out=np.full_like(together, np.nan), where=size > 0))


def _deviations(learned: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return P - U and Q - U over the scored cells, 0 elsewhere and in rows of P that are blank."""
    cells = np.isfinite(target)
    blind = even(cells)
    shown = conditioned(learned, cells) - blind
    is_known = np.isfinite(shown)
    return np.where(is_known, shown, 0.0), np.where(is_known, target - blind, 0.0)
