"""From the Gram matrices of one run and checkpoint to the effect and the scores of every ordered pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.flips import UnitScores
from convscope.routing.predictive.fits import DesignFit, Question, design_fits
from convscope.routing.predictive.grams import UnitGrams
from convscope.routing.predictive.places import outcome_places
from convscope.routing.predictive.scores import UnitProducts, innovation_scores, pair_scores, unit_products
from convscope.routing.predictive.symbols import SymbolTables
from convscope.routing.predictive.weights import bits_per_gain, first_order_gains
from convscope.values.arrays import FloatArray

_FEWEST_UNITS = 30

_Cells = dict[tuple[int, int], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairFits:
    """All ordered pairs of one run and checkpoint."""

    weight: FloatArray
    """Conditional transfer entropy in bits per step, shape (receiver, sender); NaN where there is no data."""
    n_free: FloatArray
    """Coefficients that each fit is as free as, shape (receiver, sender): the bias of the weight comes from these."""
    rate: FloatArray
    """Bits of transfer entropy per nat to first order, shape (receiver, sender)."""
    scores: UnitScores
    """A test per ordered pair, receiver by receiver; a pair without data has no columns."""
    innovations: UnitScores
    """A test per unordered pair: what both do at the same step that nothing logged foretold."""


def pair_fits(question: Question, units: UnitGrams, symbols: SymbolTables) -> PairFits:
    """Fit every ordered pair and score every unit.

    Parameters
    ----------
    question
        Plan, agents and lag.
    units
        Of one run and checkpoint.
    symbols
        Action tables of the agents of the question.
    """
    fits = tuple(design_fits(question, units.total))
    scores: _Cells = {}
    innovations: _Cells = {}
    freedom = np.ones((len(question.agents), len(question.agents)))
    n_free = np.zeros((len(question.agents), len(question.agents)))
    for fit in fits:
        products = unit_products(units.grams[fit.design], fit)
        for pair in fit.pairs:
            cell = (pair.receiver, pair.sender)
            scores[cell] = pair_scores(products, pair)
            freedom[cell] = fit.freedom
            n_free[cell] = _free_coefficients(scores[cell], fit.n_free_samples)
        innovations |= _innovations(question, fit, products)
    rate = bits_per_gain(question, fits, symbols)
    ordered = [(r, s) for r in range(len(question.agents)) for s in range(len(question.agents)) if r != s]
    n_units = len(units.key)
    return PairFits(
        weight=rate * first_order_gains(question, fits, n_free),
        n_free=n_free,
        rate=rate,
        scores=_tests(scores, ordered, freedom, n_units=n_units),
        innovations=_tests(innovations, [(r, s) for r, s in ordered if s < r], freedom, n_units=n_units),
    )


def _free_coefficients(scores: FloatArray, n_samples: float) -> float:
    """Return how many coefficients a fit is as free as, once steps of an episode are not taken for independent.

    Between independent steps this is the number of coefficients; with too few units to tell, it is taken to be that.
    """
    n_units, n_coefficients = scores.shape
    if n_units < _FEWEST_UNITS:
        return float(n_coefficients)
    spread = np.square(scores - scores.mean(axis=0)).sum() * n_units / (n_units - 1)
    return max(float(n_coefficients), n_samples * float(spread))


def _innovations(question: Question, fit: DesignFit, products: UnitProducts) -> _Cells:
    design = question.plan.designs[fit.design]
    is_told = [np.isin(fit.regression.outcomes, outcome_places(design, agent)) for agent in question.agents]
    told = {place: np.flatnonzero(own) for place, own in enumerate(is_told) if own.any()}
    receivers = [place for place in told if question.agents[place] in design.targets]
    pairs = [(receiver, other) for receiver in receivers for other in told if other < receiver]
    return dict(zip(pairs, innovation_scores(products, fit, told=told, pairs=pairs), strict=True))


def _tests(cells: _Cells, order: Sequence[tuple[int, int]], freedom: FloatArray, *, n_units: int) -> UnitScores:
    columns = [cells.get(cell, np.zeros((n_units, 0))) for cell in order]
    return UnitScores(
        scores=np.concatenate([np.zeros((n_units, 0)), *columns], axis=1),
        starts=np.cumsum([0, *(scores.shape[1] for scores in columns)]),
        freedom=np.array([freedom[cell] for cell in order]),
    )
