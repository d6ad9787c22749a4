"""Who is out of the game, where a log shows it only by what is left to do and to see.

SMAC and what was built after it keep the dead in their slots: nothing but the first action is legal for them, and all
that they observe is zero. Either sign alone may mean something else.
"""

import numpy as np
import numpy.typing as npt

from convscope.values.arrays import BoolArray


def has_only_first_action(masks: npt.NDArray[np.generic]) -> BoolArray:
    """Return where the first action is legal and no other, shape (...) of masks (..., A)."""
    legal = np.asarray(masks != 0, dtype=np.bool_)
    return np.asarray(legal[..., 0] & ~legal[..., 1:].any(axis=-1), dtype=np.bool_)


def observes_nothing(observations: npt.NDArray[np.generic], n_lead: int) -> BoolArray:
    """Return where everything observed is zero, over all axes after the first ``n_lead``."""
    flat = observations.reshape(*observations.shape[:n_lead], -1)
    return np.asarray((flat == 0).all(axis=-1), dtype=np.bool_)
