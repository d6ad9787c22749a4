"""Block elimination: what each sender's past adds, for all receivers of a design, from Gram matrices alone.

The regression of a receiver's action on everything is solved once. Leaving out a sender's block, and the score of each
unit for that block, follow from the inverse of the Gram matrix (Frisch and Waugh), so that no row is read again.
"""

from collections.abc import Iterator, Sequence
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

    n_places: int
    """Size of the Gram matrix."""
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
        n_places=len(gram),
        regressors=used,
        scale=scale,
        inverse=(inverse + inverse.T) / 2,
        outcomes=told,
        slope=slope / scale[:, None],
        residual=gram[np.ix_(told, told)] - moments.T @ slope,
    )


def sender_blocks(regression: Regression, members: Sequence[IntArray]) -> list[Block]:
    """Return what each of some blocks of regressors holds beyond all the others.

    Parameters
    ----------
    regression
        Of the whole design.
    members
        Places of each block in the Gram matrix. A block has no directions when nothing is left of it.
    """
    place_of = np.full(regression.n_places, -1)
    place_of[regression.regressors] = np.arange(len(regression.regressors))
    insides = [place_of[own][place_of[own] >= 0] for own in members]
    blocks: dict[int, Block] = {}
    for size in {len(inside) for inside in insides}:
        alike = [number for number, inside in enumerate(insides) if len(inside) == size]
        blocks |= zip(alike, _blocks(regression, np.array([insides[number] for number in alike])), strict=True)
    return [blocks[number] for number in range(len(insides))]


def _blocks(regression: Regression, inside: IntArray) -> Iterator[Block]:
    """Return the blocks of regressors at some places, shape (blocks, c)."""
    left = np.linalg.inv(regression.inverse[inside[:, :, None], inside[:, None, :]])
    shares, axes = np.linalg.eigh((left + left.swapaxes(1, 2)) / 2)
    slope = regression.slope * regression.scale[:, None]
    beyond = regression.inverse[:, inside].transpose(1, 0, 2) @ left / regression.scale[:, None]
    for number, share in enumerate(shares):
        root = np.sqrt(share[share > _LEFT])
        kept = axes[number][:, share > _LEFT]
        yield Block(
            weights=beyond[number] @ (kept / root),
            members=inside[number],
            effect=(kept * root).T @ slope[inside[number]],
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
