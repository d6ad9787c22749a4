"""Who is out of the game, where a log shows it only by what is left to do and to see.

SMAC and what was built after it keep the dead in their slots: nothing but the first action is legal for them, and all
that they observe is zero. Either sign alone may mean something else.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from convscope.values.arrays import BoolArray, FloatArray


def sees_nothing(observations: FloatArray) -> BoolArray:
    """Return where all that is observed is zero, and something is; shape (T, N) of observations (T, N, D)."""
    is_zero = (observations == 0) | np.isnan(observations)
    return np.asarray(is_zero.all(axis=2) & (observations == 0).any(axis=2), dtype=np.bool_)


def looks_out(
    masks: npt.NDArray[np.generic], observations: Callable[[], npt.NDArray[np.generic]], n_lead: int
) -> BoolArray:
    """Return where the first action is legal and no other, and all that is observed is zero.

    Parameters
    ----------
    masks
        Legal actions, shape (..., A) with ``n_lead`` axes before the last.
    observations
        Gives what agents observe, the same first axes; asked only where masks show somebody, since it is the largest
        array.
    n_lead
        Axes of rows and agents.
    """
    legal = np.asarray(masks != 0, dtype=np.bool_)
    is_out = np.asarray(legal[..., 0] & ~legal[..., 1:].any(axis=-1), dtype=np.bool_)
    if not is_out.any():
        return is_out
    seen = observations()
    return np.asarray(is_out & (seen.reshape(*seen.shape[:n_lead], -1) == 0).all(axis=-1), dtype=np.bool_)
