"""From the Gram matrices of one run and checkpoint to the effect and the scores of every ordered pair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.routing.flips import UnitScores
from convscope.routing.predictive.columns import Column
from convscope.routing.predictive.fits import DesignFit, PairFit, Question, design_fits
from convscope.routing.predictive.grams import UnitGrams
from convscope.routing.predictive.places import outcome_places
from convscope.routing.predictive.plan import Plan
from convscope.routing.predictive.scores import (
    UnitProducts,
    action_scores,
    innovation_scores,
    pair_scores,
    unit_products,
)
from convscope.routing.predictive.symbols import SymbolTables
from convscope.routing.predictive.weights import bits_per_gain, first_order_gains
from convscope.values.arrays import FloatArray

_FEWEST_UNITS = 30

_Cells = dict[tuple[int, int], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActionScores:
    """Scores of one pair by what the sender did and the receiver does."""

    done: tuple[tuple[Column, int], ...]
    """What each row of the scores stands for, whoever does it, and the steps back."""
    next: tuple[Column, ...]
    """What each column of the scores stands for, whoever does it."""
    scores: FloatArray
    """Shape (U, rows, columns)."""

    @property
    def turned(self) -> "ActionScores":
        """Rows for columns, of scores of two agents at the same step."""
        return ActionScores(
            done=tuple((column, 0) for column in self.next),
            next=tuple(column for column, _ in self.done),
            scores=self.scores.transpose(0, 2, 1),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairFits:
    """All ordered pairs of one run and checkpoint."""

    weight: FloatArray
    """Conditional transfer entropy in bits per step, shape (receiver, sender); NaN where there is no data."""
    n_free: FloatArray
    """Coefficients that each fit is as free as, shape (receiver, sender): the bias of the weight comes from these."""
    rate: FloatArray
    """Bits of transfer entropy per nat to first order, shape (receiver, sender)."""
    novelty: FloatArray
    """Share of the variance of each agent's action that the logged past leaves open, shape (N,); NaN where there is
    none."""
    scores: UnitScores
    """A test per ordered pair, receiver by receiver; a pair without data has no columns."""
    by_action: dict[tuple[int, int], ActionScores]
    """What pairs have in common with other pairs, by receiver and sender; pairs without data have none, nor has any
    where there are no roles."""
    surprises_by_action: dict[tuple[int, int], ActionScores]
    """The same of what two agents do at one step that nothing foretold, by the later and the earlier agent."""
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
    total = units.total
    fits = tuple(design_fits(question, total))
    scores: _Cells = {}
    innovations: _Cells = {}
    novelty: dict[int, float] = {}
    by_action: dict[tuple[int, int], ActionScores] = {}
    surprises: dict[tuple[int, int], ActionScores] = {}
    freedom = np.ones((len(question.agents), len(question.agents)))
    n_free = np.zeros((len(question.agents), len(question.agents)))
    for fit in fits:
        products = unit_products(units.grams[fit.design], fit)
        gram = total.grams[fit.design]
        # The regressors count by how far they follow single units, which is more than their number where all is slow.
        free_of_time = fit.freedom + len(fit.regression.regressors) / float(total.n_samples[fit.design])
        for pair in fit.pairs:
            cell = (pair.receiver, pair.sender)
            scores[cell] = pair_scores(products, pair)
            if question.has_roles:
                by_action[cell] = _action_scores(question, fit, pair, products=products, gram=gram)
            freedom[cell] = max(free_of_time - products.leverage[pair.number], 0.0)
            n_free[cell] = _free_coefficients(scores[cell], fit.n_free_samples)
        innovations |= _innovations(question, fit, products)
        surprises |= _surprises(question, fit, products) if question.has_roles else {}
        novelty |= _novelty(question, fit, gram)
    rate = bits_per_gain(question, fits, symbols)
    ordered = [(r, s) for r in range(len(question.agents)) for s in range(len(question.agents)) if r != s]
    n_units = len(units.key)
    return PairFits(
        weight=rate * first_order_gains(question, fits, n_free),
        n_free=n_free,
        rate=rate,
        novelty=np.array([novelty.get(place, np.nan) for place in range(len(question.agents))]),
        scores=_tests(scores, ordered, freedom, n_units=n_units),
        by_action=by_action,
        surprises_by_action=surprises,
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


def _action_scores(
    question: Question, fit: DesignFit, pair: PairFit, *, products: UnitProducts, gram: FloatArray
) -> ActionScores:
    plan, design = question.plan, question.plan.designs[fit.design]
    members = fit.regression.regressors[pair.block.members]
    outcomes = fit.regression.outcomes[pair.outcome]
    scale = np.outer(plan.scale[design.column[members]], plan.scale[design.column[outcomes]])
    return ActionScores(
        done=tuple(
            (_anybody(plan, column), lag)
            for column, lag in zip(design.column[members].tolist(), design.lag[members].tolist(), strict=True)
        ),
        next=tuple(_anybody(plan, column) for column in design.column[outcomes].tolist()),
        scores=action_scores(products, fit, pair, gram=gram) / scale,
    )


def _surprises(question: Question, fit: DesignFit, products: UnitProducts) -> dict[tuple[int, int], ActionScores]:
    plan, design = question.plan, question.plan.designs[fit.design]
    columns = design.column[fit.regression.outcomes]
    owner = np.array([plan.columns[column].agent for column in columns.tolist()])
    told = {place: np.flatnonzero(np.equal(owner, agent)) for place, agent in enumerate(question.agents)}
    kinds = [_anybody(plan, column) for column in columns.tolist()]
    scale = np.outer(plan.scale[columns], plan.scale[columns])
    return {
        (first, second): ActionScores(
            done=tuple((kinds[place], 0) for place in told[first].tolist()),
            next=tuple(kinds[place] for place in told[second].tolist()),
            scores=(products.residuals / scale)[:, told[first][:, None], told[second]],
        )
        for first in told
        for second in range(first)
        if question.agents[first] in design.targets and len(told[first]) > 0 and len(told[second]) > 0
    }


def _anybody(plan: Plan, number: int) -> Column:
    return replace(plan.columns[number], agent=-1)


def _novelty(question: Question, fit: DesignFit, gram: FloatArray) -> dict[int, float]:
    design = question.plan.designs[fit.design]
    left, size = np.diagonal(fit.regression.residual), np.diagonal(gram)[fit.regression.outcomes]
    places = {
        place: np.flatnonzero(np.isin(fit.regression.outcomes, outcome_places(design, agent)))
        for place, agent in enumerate(question.agents)
        if agent in design.targets
    }
    return {place: float(left[own].sum() / size[own].sum()) for place, own in places.items() if len(own) > 0}


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
