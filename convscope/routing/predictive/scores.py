"""Scores of units: how much each episode speaks for a sender's influence on a receiver."""

from collections.abc import Iterator, Mapping, Sequence
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
    x, y, slope = _run(fit.regression.regressors), _run(fit.regression.outcomes), fit.regression.slope
    among, with_outcomes = grams[:, x][:, :, x], grams[:, x][:, :, y]
    left = with_outcomes - among @ slope
    explained = slope.T @ (with_outcomes + left)
    # One product for all senders: the units' matrices are the largest thing here.
    weights = np.concatenate([np.zeros((len(slope), 0)), *(block.weights for block in fit.blocks)], axis=1)
    ends = np.cumsum([0, *(block.weights.shape[1] for block in fit.blocks)]).tolist()
    weighted, with_residuals = among @ weights, weights.T @ left
    of_block = [slice(start, stop) for start, stop in pairwise(ends)]
    among_directions = tuple(
        block.weights.T @ weighted[:, :, own] for block, own in zip(fit.blocks, of_block, strict=True)
    )
    inverse = fit.regression.inverse / np.outer(fit.regression.scale, fit.regression.scale)
    followed = (weighted * (inverse @ weighted)).sum(axis=(0, 1))
    leverage = [
        (followed[own].sum() - np.square(directions).sum()) / (own.stop - own.start)
        for directions, own in zip(among_directions, of_block, strict=True)
    ]
    return UnitProducts(
        with_residuals=tuple(with_residuals[:, own] for own in of_block),
        among=among_directions,
        leverage=np.array(leverage),
        residuals=grams[:, y][:, :, y] - (explained + explained.transpose(0, 2, 1)) / 2,
    )


def _run(places: IntArray) -> slice | IntArray:
    """Return places that follow each other as a slice, which copies nothing."""
    is_run = len(places) > 0 and places[-1] - places[0] == len(places) - 1
    return slice(int(places[0]), int(places[-1]) + 1) if is_run else places


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


def innovation_scores(
    products: UnitProducts, fit: DesignFit, *, told: Mapping[int, IntArray], pairs: Sequence[tuple[int, int]]
) -> Iterator[FloatArray]:
    """Return the products of the surprises of two agents at the same step, of each pair, shape (U, d d).

    Parameters
    ----------
    products
        Of the units.
    fit
        Of their design.
    told
        Places of each agent's outcomes among those of the regression.
    pairs
        Numbers of the agents.
    """
    residual = fit.regression.residual
    white = {agent: whitening(residual[np.ix_(own, own)]) for agent, own in told.items()}
    for first, second in pairs:
        together = products.residuals[:, told[first][:, None], told[second]]
        yield _flat(white[first].T @ together @ white[second])


def _flat(scores: FloatArray) -> FloatArray:
    return scores.reshape(len(scores), -1)
