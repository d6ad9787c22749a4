"""How far back an agent's own past reaches: the lag with the least Bayesian information criterion."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.predictive.elimination import regress
from convscope.routing.predictive.grams import GramSums, UnitGrams
from convscope.routing.predictive.places import outcome_places, own_places
from convscope.routing.predictive.plan import Plan
from convscope.values.arrays import FloatArray


def choose_lag(plan: Plan, groups: Sequence[UnitGrams], agents: Sequence[int]) -> int:
    """Return the lag of the own-only models of all receivers together (docs/routing.md).

    Parameters
    ----------
    plan
        Of the second pass.
    groups
        Units of the analysed runs.
    agents
        Receivers, as places in the log's agent axis.

    References
    ----------
    Schwarz, "Estimating the dimension of a model", Annals of Statistics 6 (1978).
    """
    if plan.most_lag == 1:
        return 1
    totals = [units.total for units in groups]
    criteria = [
        sum(_criterion(plan, total, agent, lag=lag) for total in totals for agent in agents)
        for lag in range(1, plan.most_lag + 1)
    ]
    return 1 + int(np.argmin(criteria))


def _criterion(plan: Plan, total: GramSums, agent: int, *, lag: int) -> float:
    number = plan.design_of(agent)
    design = plan.designs[number]
    gram, n_samples = total.grams[number], float(total.n_samples[number])
    fit = regress(gram, own_places(design, agent, lag=lag), outcome_places(design, agent))
    if n_samples < 1 or len(fit.outcomes) == 0:
        return 0.0
    n_free = len(fit.regressors) * len(fit.outcomes)
    return n_samples * _log_determinant(fit.residual / n_samples) + n_free * float(np.log(n_samples))


def _log_determinant(covariance: FloatArray) -> float:
    # A receiver that never surprises has no covariance left; the floor keeps its logarithm finite.
    return float(np.log(np.maximum(np.linalg.eigvalsh(covariance), 1e-12)).sum())
