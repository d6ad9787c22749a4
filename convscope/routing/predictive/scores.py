"""Scores of units: how much each episode speaks for a sender's influence on a receiver."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.routing.predictive.elimination import whitening
from convscope.routing.predictive.fits import DesignFit, PairFit
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitProducts:
    """Sums of products by unit: of each sender's directions with all residuals, and among the directions."""

    with_residuals: tuple[FloatArray, ...]
    """Of each block, shape (U, b, m)."""
    among: tuple[FloatArray, ...]
    """Of each block, shape (U, b, b)."""
    residuals: FloatArray
    """Among the outcomes' residuals, shape (U, m, m)."""
    leverage: FloatArray
    """How much of a unit's directions the other regressors adapt to, mean over units and directions, shape (blocks,).
    Where everything is slow, a unit weighs as few samples, and the fit follows each of them."""


def unit_products(grams: FloatArray, fit: DesignFit) -> UnitProducts:
    """Return the products of each unit.

    Parameters
    ----------
    grams
        Of each unit, shape (U, P, P).
    fit
        Of the sum of these units.
    """
    x, y, slope = fit.regression.regressors, fit.regression.outcomes, fit.regression.slope
    among = grams[:, x[:, None], x]
    with_outcomes = grams[:, x[:, None], y]
    left = with_outcomes - among @ slope
    explained = slope.T @ (with_outcomes + left)
    # One product for all senders: the units' matrices are the largest thing here.
    weights = np.concatenate([np.zeros((len(x), 0)), *(block.weights for block in fit.blocks)], axis=1)
    ends = np.cumsum([0, *(block.weights.shape[1] for block in fit.blocks)]).tolist()
    weighted = among @ weights
    among_directions = [
        block.weights.T @ weighted[:, :, a:b] for block, (a, b) in zip(fit.blocks, pairwise(ends), strict=True)
    ]
    scale = fit.regression.scale
    inverse = fit.regression.inverse / np.outer(scale, scale)
    followed = (weighted * (inverse @ weighted)).sum(axis=(0, 1))
    return UnitProducts(
        with_residuals=tuple(block.weights.T @ left for block in fit.blocks),
        among=tuple(among_directions),
        leverage=np.array(
            [
                (followed[a:b].sum() - np.square(own).sum()) / (b - a)
                for own, (a, b) in zip(among_directions, pairwise(ends), strict=True)
            ]
        ),
        residuals=grams[:, y[:, None], y] - (explained + explained.transpose(0, 2, 1)) / 2,
    )


def pair_scores(products: UnitProducts, pair: PairFit) -> FloatArray:
    """Return the scores of one pair: the sender's directions times the residuals without the sender, shape (U, b d).

    The squared length of their sum is the share of the residuals' variance that the sender explains: to first order
    twice the transfer entropy in nats.
    """
    effect = pair.block.effect[:, pair.outcome]
    restricted = products.with_residuals[pair.number][:, :, pair.outcome] + products.among[pair.number] @ effect
    return _flat(restricted @ pair.white)


def action_scores(products: UnitProducts, fit: DesignFit, pair: PairFit, *, gram: FloatArray) -> FloatArray:
    """Return the scores of one pair by what was done, so that pairs of other agents can be added, shape (U, c, d).

    Parameters
    ----------
    products
        Of the units.
    fit
        Of their design.
    pair
        The c members of its block, beyond what all else tells of them, times the d outcomes left open.
    gram
        Sum of the units' matrices.
    """
    x = fit.regression.regressors
    own = pair.block.weights.T @ gram[np.ix_(x, x[pair.block.members])]
    effect = pair.block.effect[:, pair.outcome]
    restricted = products.with_residuals[pair.number][:, :, pair.outcome] + products.among[pair.number] @ effect
    scores: FloatArray = own.T @ restricted
    return scores


def innovation_scores(products: UnitProducts, fit: DesignFit, *, first: IntArray, second: IntArray) -> FloatArray:
    """Return the products of two agents' surprises at the same step, shape (U, d d).

    Parameters
    ----------
    products
        Of the units.
    fit
        Of their design.
    first, second
        Places of the two agents' outcomes among those of the regression.
    """
    residual = fit.regression.residual
    white = [whitening(residual[np.ix_(own, own)]) for own in (first, second)]
    return _flat(white[0].T @ products.residuals[:, first[:, None], second] @ white[1])


def _flat(scores: FloatArray) -> FloatArray:
    return scores.reshape(len(scores), -1)
