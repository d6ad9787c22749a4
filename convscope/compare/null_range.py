"""What a null gives, in three figures."""

import numpy as np

from convscope.values.arrays import FloatArray
from convscope.values.gap import NullRange


def null_range(draws: FloatArray) -> NullRange | None:
    """Return mean and middle 95 % of the draws of a null, shape (B,); undefined draws are left out."""
    known = draws[np.isfinite(draws)]
    if not known.size:
        return None
    low, high = np.quantile(known, [0.025, 0.975]).tolist()
    return NullRange(mean=float(known.mean()), low=low, high=high)
