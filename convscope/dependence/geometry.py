"""The shape of a team: what is left of positions without names, place and direction."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the distances between two members."""
MOST_AGENTS = 64
"""Of larger teams no shape is read: pairs grow with the square."""


def team_shapes(positions: FloatArray, is_present: BoolArray) -> FloatArray:
    """Return the shape of a team in each row: quantiles of the distances between its members.

    Renaming the members, moving, turning and mirroring the team change nothing.

    Parameters
    ----------
    positions
        Shape (T, N, d).
    is_present
        Who counts, shape (T, N); what stands in the cells of others changes nothing.

    Returns
    -------
    FloatArray
        Shape (T, 5), in the environment's unit of length; NaN where fewer than two members have a known place.
    """
    first, second = np.triu_indices(positions.shape[1], k=1)
    is_known = is_present & np.isfinite(positions).all(axis=-1)
    held = np.where(is_known[..., None], positions, 0.0)
    apart = np.sqrt(np.square(held[:, first] - held[:, second]).sum(axis=-1))
    ordered = np.sort(np.where(is_known[:, first] & is_known[:, second], apart, np.inf), axis=1)
    n_pairs = (is_known[:, first] & is_known[:, second]).sum(axis=1)
    shapes = np.full((len(positions), len(QUANTILES)), np.nan)
    rows = np.flatnonzero(n_pairs > 0)
    for column, quantile in enumerate(QUANTILES):
        place = quantile * (n_pairs[rows] - 1)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, n_pairs[rows] - 1)
        part = place - low
        shapes[rows, column] = (1 - part) * ordered[rows, low] + part * ordered[rows, high]
    return shapes
