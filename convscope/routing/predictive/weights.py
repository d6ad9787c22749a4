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
from convscope.routing.predictive.symbols import SymbolTables
from convscope.values.arrays import FloatArray


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
        design = _DesignColumns(question, fit)
        for pair in fit.pairs:
            first_order = float(fit.gain[pair.receiver, pair.sender])
            rate = _entropy_gain(design, pair, symbols=symbols) / first_order if first_order > 0 else 1.0
            rates[pair.receiver, pair.sender] = rate / float(np.log(2))
    return rates


class _DesignColumns:
    """What the columns of a design's fit are, looked up once for all pairs."""

    def __init__(self, question: Question, fit: DesignFit) -> None:
        plan, design = question.plan, question.plan.designs[fit.design]
        self.lag = question.lag
        self.slope = fit.regression.slope
        self.outcome = design.column[fit.regression.outcomes]
        self.regressor = design.column[fit.regression.regressors]
        self.lag_of_regressor = design.lag[fit.regression.regressors]
        self.scale = plan.scale
        kinds = [column.kind for column in plan.columns]
        owners = [column.agent for column in plan.columns]
        self.is_symbol = np.array([kind == Kind.SYMBOL for kind in kinds], dtype=np.bool_)
        self.is_action = np.array([kind == Kind.ACTION for kind in kinds], dtype=np.bool_)
        self.listed = [np.flatnonzero(self.is_symbol & np.equal(owners, agent)) for agent in question.agents]


def _entropy_gain(design: _DesignColumns, pair: PairFit, *, symbols: SymbolTables) -> float:
    if design.is_action[design.outcome[pair.outcome]].any():
        return gaussian_entropy_gain(pair.explained)
    is_choice = symbols.is_choice[pair.sender] and symbols.is_choice[pair.receiver]
    if not is_choice or not design.is_symbol[design.regressor[pair.block.members]].all():
        return mixed_entropy_gain(pair.explained)
    if symbols.take_turns(pair.receiver, pair.sender):
        return float("nan")
    transitions = symbols.transitions(pair.receiver)
    beside = symbols.side_by_side(pair.receiver, pair.sender)
    gain = discrete_entropy_gain(_shift(design, pair, lag=1), beside, transitions)
    if design.lag == 1:
        return gain
    # Further back than a step the two agents' actions are taken to go together as chance has it.
    apart = np.outer(beside.sum(axis=1), beside.sum(axis=0)) / max(float(beside.sum()), 1.0)
    further = [
        discrete_entropy_gain(_shift(design, pair, lag=lag), apart, transitions) for lag in range(2, design.lag + 1)
    ]
    return float(np.sum([gain, *further]))


def _shift(design: _DesignColumns, pair: PairFit, *, lag: int) -> FloatArray:
    """Return how each action of the sender moves the receiver's probabilities; the last ones stand for the unlisted."""
    senders, receivers = design.listed[pair.sender], design.listed[pair.receiver]
    at_lag = pair.block.members[np.equal(design.lag_of_regressor[pair.block.members], lag)]
    causes, effects = design.regressor[at_lag], design.outcome[pair.outcome]
    slope = design.slope[at_lag[:, None], pair.outcome]
    moved = np.zeros((len(senders) + 1, len(receivers) + 1))
    cells = (np.searchsorted(senders, causes)[:, None], np.searchsorted(receivers, effects))
    moved[cells] = slope * design.scale[causes][:, None] / design.scale[effects]
    moved[:, -1] = -moved.sum(axis=1)
    return moved
