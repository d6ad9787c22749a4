"""A picture of the units by UMAP; no number is computed from it."""

import warnings

import numpy as np

from convscope.roles.units import Units
from convscope.values.arrays import FloatArray

MAX_UNITS = 1500
"""Units that are embedded; a picture with more is no clearer."""
FEWEST_UNITS = 16
"""Under these there are no neighbourhoods to draw."""


def umap_coordinates(units: Units, *, seed: int) -> FloatArray | None:
    """Embed the fitted units in the plane, evenly spaced ones where they are many.

    Rows go in in the order of their values and on one thread, so that a shuffled log gives the same picture.

    Parameters
    ----------
    units
        Units of the analysed agents.
    seed
        Of the embedding.

    Returns
    -------
    FloatArray or None
        Shape (U, 2), NaN for units that were left out; None under 16 units. Distances, sizes and gaps of the picture
        mean little: shuffling the rows of a log keeps about a third of each point's neighbours.

    References
    ----------
    McInnes, Healy and Melville, "UMAP: uniform manifold approximation and projection" (2018).
    """
    fitted = np.flatnonzero(units.is_fitted)
    chosen = fitted[np.unique(np.linspace(0, len(fitted) - 1, min(len(fitted), MAX_UNITS)).astype(np.int64))]
    values = units.coordinates[chosen]
    if len(chosen) < FEWEST_UNITS or not values.shape[1]:
        return None
    plane = np.full((len(units.row), 2), np.nan)
    with warnings.catch_warnings():
        # It warns of its own choice of one thread, and of libraries that it could also have used.
        warnings.simplefilter("ignore")
        from umap import UMAP  # noqa: PLC0415  its compiler takes seconds, and only this picture needs it

        plane[chosen] = UMAP(n_components=2, random_state=seed, n_jobs=1).fit_transform(values)
    return plane
