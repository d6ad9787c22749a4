"""The weight of each ordered pair: conditional transfer entropy in bits per step."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.predictive.columns import Kind
from convscope.routing.predictive.effect import (
    discrete_entropy_gain,
    gaussian_entropy_gain,
    less_bias,
    mixed_entropy_gain,
)
from convscope.routing.predictive.fits import DesignFit, PairFit, Question
from convscope.routing.predictive.plan import Plan
from convscope.routing.predictive.symbols import SymbolTables
from convscope.values.arrays import FloatArray, IntArray


def first_order_gains(question: Question, fits: Sequence[DesignFit], n_free: FloatArray) -> FloatArray:
    """Return the gains to first order less their bias, in nats, shape (receiver, sender); NaN where there is no data.

    Parameters
    ----------
    question
        What was asked.
    fits
        Of some units added up.
    n_free
        Coefficients that each fit is as free as (`PairFits.n_free`), shape (receiver, sender).
    """
    gains = np.full((len(question.agents), len(question.agents)), np.nan)
    for fit in fits:
        is_fitted = np.isfinite(fit.gain)
        gains[is_fitted] = less_bias(fit.gain, n_free=n_free, n_samples=fit.n_free_samples)[is_fitted]
    return gains


def bits_per_gain(question: Question, fits: Sequence[DesignFit], symbols: SymbolTables) -> FloatArray:
    """Return how many bits of transfer entropy a nat to first order stands for, shape (receiver, sender).

    Parameters
    ----------
    question
        What was asked.
    fits
        Of all units of a run added up. The rate is near 1 / log 2 for weak effects; random halves of the units keep the
        rate of the whole.
    symbols
        Action tables of the agents. NaN where agents take turns, so that these are empty.
    """
    rates = np.full((len(question.agents), len(question.agents)), np.nan)
    for fit in fits:
        for pair in fit.pairs:
            first_order = mixed_entropy_gain(pair.explained)
            rate = _entropy_gain(question, fit, pair, symbols=symbols) / first_order if first_order > 0 else 1.0
            rates[pair.receiver, pair.sender] = rate / float(np.log(2))
    return rates


def _entropy_gain(question: Question, fit: DesignFit, pair: PairFit, *, symbols: SymbolTables) -> float:
    plan, design = question.plan, question.plan.designs[fit.design]
    if Kind.ACTION in _kinds(plan, design.column[fit.regression.outcomes[pair.outcome]]):
        return gaussian_entropy_gain(pair.explained)
    is_choice = symbols.is_choice[pair.sender] and symbols.is_choice[pair.receiver]
    members = design.column[fit.regression.regressors[pair.block.members]]
    if not is_choice or _kinds(plan, members) != {Kind.SYMBOL}:
        return mixed_entropy_gain(pair.explained)
    if symbols.take_turns(pair.receiver, pair.sender):
        return float("nan")
    transitions = symbols.transitions(pair.receiver)
    beside = symbols.side_by_side(pair.receiver, pair.sender)
    # Further back than a step the two agents' actions are taken to go together as chance has it.
    apart = np.outer(beside.sum(axis=1), beside.sum(axis=0)) / max(float(beside.sum()), 1.0)
    gains = [
        discrete_entropy_gain(_shift(question, fit, pair, lag=lag), beside if lag == 1 else apart, transitions)
        for lag in range(1, question.lag + 1)
    ]
    return float(np.sum(gains))


def _kinds(plan: Plan, places: IntArray) -> set[Kind]:
    return {plan.columns[place].kind for place in places.tolist()}


def _shift(question: Question, fit: DesignFit, pair: PairFit, *, lag: int) -> FloatArray:
    """Return how each action of the sender moves the receiver's probabilities; the last ones stand for the unlisted."""
    plan, design = question.plan, question.plan.designs[fit.design]
    listed = [_symbols(plan, question.agents[agent]) for agent in (pair.sender, pair.receiver)]
    members = fit.regression.regressors[pair.block.members]
    at_lag = np.equal(design.lag[members], lag)
    causes, effects = design.column[members[at_lag]], design.column[fit.regression.outcomes[pair.outcome]]
    slope = fit.regression.slope[np.ix_(pair.block.members[at_lag], pair.outcome)]
    moved = np.zeros((len(listed[0]) + 1, len(listed[1]) + 1))
    cells = np.ix_(np.searchsorted(listed[0], causes), np.searchsorted(listed[1], effects))
    moved[cells] = slope * plan.scale[causes][:, None] / plan.scale[effects]
    moved[:, -1] = -moved.sum(axis=1)
    return moved


def _symbols(plan: Plan, agent: int) -> IntArray:
    held = enumerate(plan.columns)
    return np.array([place for place, column in held if column.kind == Kind.SYMBOL and column.agent == agent])
