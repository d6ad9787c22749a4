"""Block elimination: what each sender's past adds, for all receivers of a design, from Gram matrices alone.

The regression of a receiver's action on everything is solved once. Leaving out a sender's block, and the score of each
unit for that block, follow from the inverse of the Gram matrix (Frisch and Waugh), so that no row is read again.
"""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

_RIDGE = 1e-8
# Directions of a sender's block with less than this share of their variance left, once everything else is known, say
# nothing of their own: the sender is constant, or moves in lockstep with somebody else.
_LEFT = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regression:
    """The regression of all outcomes on all regressors of a design, standardised."""

    regressors: IntArray
    """Places of the regressors in the Gram matrix, shape (p,)."""
    scale: FloatArray
    """Root of the sum of squares of each regressor, shape (p,)."""
    inverse: FloatArray
    """Of the regressors' correlation matrix, shape (p, p)."""
    outcomes: IntArray
    """Places of the outcomes, shape (m,)."""
    slope: FloatArray
    """Of the outcomes on the regressors, shape (p, m)."""
    residual: FloatArray
    """Sums of products of the outcomes' residuals, shape (m, m)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A sender's regressors beyond all others, as orthonormal directions."""

    weights: FloatArray
    """From the regressors to the directions, shape (p, b)."""
    members: IntArray
    """Places of the block among the regressors, shape (c,)."""
    effect: FloatArray
    """Of the directions on the outcomes, shape (b, m)."""


def regress(gram: FloatArray, regressors: IntArray, outcomes: IntArray) -> Regression:
    """Regress outcomes on regressors.

    Parameters
    ----------
    gram
        Sums of products, shape (P, P).
    regressors, outcomes
        Places in it. Regressors and outcomes without variance are left out.
    """
    size = np.diagonal(gram)
    used, told = regressors[size[regressors] > 1e-6], outcomes[size[outcomes] > 1e-6]
    scale = np.sqrt(size[used])
    correlation = gram[np.ix_(used, used)] / np.outer(scale, scale)
    inverse = np.linalg.inv(correlation + _RIDGE * np.eye(len(used)))
    moments = gram[np.ix_(used, told)] / scale[:, None]
    slope = inverse @ moments
    return Regression(
        regressors=used,
        scale=scale,
        inverse=(inverse + inverse.T) / 2,
        outcomes=told,
        slope=slope / scale[:, None],
        residual=gram[np.ix_(told, told)] - moments.T @ slope,
    )


def sender_block(regression: Regression, members: IntArray) -> Block:
    """Return what a block of regressors holds beyond all the others.

    Parameters
    ----------
    regression
        Of the whole design.
    members
        Places of the block in the Gram matrix. The result has no directions when nothing is left of it.
    """
    inside = np.flatnonzero(np.isin(regression.regressors, members))
    left = np.linalg.inv(regression.inverse[np.ix_(inside, inside)])
    share, axes = np.linalg.eigh((left + left.T) / 2)
    is_left = share > _LEFT
    root = np.sqrt(share[is_left])
    return Block(
        weights=regression.inverse[:, inside] @ left @ (axes[:, is_left] / root) / regression.scale[:, None],
        members=inside,
        effect=(axes[:, is_left] * root).T @ (regression.slope * regression.scale[:, None])[inside],
    )


def whitening(products: FloatArray) -> FloatArray:
    """Return what turns residuals with these sums of products into orthonormal ones.

    Parameters
    ----------
    products
        Shape (..., d, d). Directions without variance are turned into zeros.
    """
    size, axes = np.linalg.eigh((products + np.swapaxes(products, -1, -2)) / 2)
    largest = np.maximum(size.max(axis=-1, keepdims=True, initial=0.0), 1e-300)
    root = np.sqrt(np.maximum(size, 1e-300))
    white: FloatArray = np.where((size > 1e-9 * largest)[..., None, :], axes / root[..., None, :], 0.0)
    return white
