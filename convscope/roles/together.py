"""The features that vary together: what sets roles apart shows in several, what tells nothing varies by itself."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.randomness import generator
from convscope.roles.ties import Ties, steps_of, ties_of
from convscope.roles.units import Units, principal_axes
from convscope.values.arrays import BoolArray, FloatArray

MOST_UNITS = 240
"""Evenly spaced in the order of values: pairs of units are compared."""
N_DRAWS = 39
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """Coordinates of the features that vary together."""

    values: FloatArray
    """Of every unit, shape (U, D)."""
    ties: Ties


def together(units: Units, seed: int) -> Together | None:
    """Return principal components of the features that vary together and are not coarse.

    Among many features that tell nothing, those that do are few, and each alone may look like the others; but roles
    move them together. Features of few values are left out: groups form at their values first.

    Parameters
    ----------
    units
        Units of the analysed agents.
    seed
        Of the run.

    Returns
    -------
    Together or None
        None where these are fewer than two features, or all.
    """
    filled = np.where(np.isfinite(units.standard), units.standard, 0.0)
    fitted = filled[units.is_fitted]
    is_coarse = ties_of(units, seed).is_coarse
    if fitted.shape[1] < 2 or len(fitted) < 2:
        return None
    keeps = dependent(fitted, generator(seed, "roles", "together")) & ~is_coarse
    if keeps.sum() < 2 or keeps.all():
        return None
    own = principal_axes(fitted[:, keeps])
    axes = np.zeros((len(keeps), own.shape[1]))
    axes[keeps] = own
    return Together(values=filled @ axes, ties=replace(steps_of(units, seed), loadings=axes))


def dependent(values: FloatArray, rng: np.random.Generator) -> BoolArray:
    """Return which columns depend on any other one, by distance correlation of ranks, shape (F,).

    Null: the rows of each column in an order of its own; the level holds for all columns together.

    Parameters
    ----------
    values
        Shape (n, F), sorted by rows; of more than `MOST_UNITS` rows as many at even steps are compared.
    rng
        Breaks ties, and draws the orders.

    References
    ----------
    Szekely, Rizzo and Bakirov, "Measuring and testing dependence by correlation of distances", Annals of Statistics 35
    (2007).
    """
    rows = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_UNITS)).astype(np.int64))
    chosen = values[rows]
    order = np.lexsort((rng.random(chosen.shape), chosen), axis=0)
    ranks = np.argsort(order, axis=0) / len(rows)
    apart = np.abs(ranks.T[:, :, np.newaxis] - ranks.T[:, np.newaxis])
    centred = apart - apart.mean(axis=1, keepdims=True) - apart.mean(axis=2, keepdims=True)
    centred += apart.mean(axis=(1, 2), keepdims=True)
    centred /= np.linalg.norm(centred, axis=(1, 2), keepdims=True)
    drawn = [_strongest(_shuffled(centred, rng)).max() for _ in range(N_DRAWS)]
    return np.asarray(_strongest(centred) > np.quantile(drawn, 1 - LEVEL), dtype=np.bool_)


def _strongest(centred: FloatArray) -> FloatArray:
    """Return each column's largest distance covariance with another one, scaled, shape (F,)."""
    flat = centred.reshape(len(centred), -1)
    products = flat @ flat.T
    np.fill_diagonal(products, -1.0)
    return np.asarray(products.max(axis=1), dtype=np.float64)


def _shuffled(centred: FloatArray, rng: np.random.Generator) -> FloatArray:
    orders = [rng.permutation(centred.shape[1]) for _ in centred]
    return np.stack([each[np.ix_(order, order)] for each, order in zip(centred, orders, strict=True)])
