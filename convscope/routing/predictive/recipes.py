"""What the third pass needs of the fits of the second: surprises, and each agent's last action in a few directions."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.predictive.elimination import regress, whitening
from convscope.routing.predictive.fits import Question
from convscope.routing.predictive.grams import UnitGrams
from convscope.routing.predictive.places import outcome_places, regressor_places
from convscope.routing.predictive.plan import Design
from convscope.routing.predictive.synergy import Recipe
from convscope.values.arrays import FloatArray, IntArray

MOST_AGENTS = 64
"""Larger teams are not asked for synergies: pairs of senders grow with the square, and receivers once more."""
_MOST_DIRECTIONS = 4
_MOST_BYTES = 128 << 20


def n_directions(question: Question, n_units: int) -> int:
    """Return how many directions of each agent's action the budget has room for; 0 for none.

    Parameters
    ----------
    question
        Plan and agents.
    n_units
        Of all runs together.
    """
    n_agents = len(question.agents)
    widest = max((len(_last_actions(question.plan.designs[0], a)) for a in question.agents), default=0)
    if n_agents > MOST_AGENTS:
        return 0
    n_triples = n_agents * n_agents * (n_agents - 1) // 2
    affordable = int(np.cbrt(_MOST_BYTES / (8 * max(n_triples * n_units, 1))))
    return min(widest, _MOST_DIRECTIONS, affordable)


def make_recipes(question: Question, units: UnitGrams, *, directions: int) -> tuple[Recipe, ...]:
    """Return the recipes of one run and checkpoint, one a design; receivers come in the order of the agents.

    Parameters
    ----------
    question
        Plan, agents and lag.
    units
        Of the run.
    directions
        Directions of each agent's action that are looked at: those that vary most.
    """
    plan, total = question.plan, units.total
    recipes: list[Recipe] = []
    for number in dict.fromkeys(plan.design_of(agent) for agent in question.agents):
        design = plan.designs[number]
        receivers = [agent for agent in question.agents if agent in design.targets]
        gram, n_samples = total.grams[number], float(total.n_samples[number])
        outcomes = np.concatenate([outcome_places(design, agent) for agent in receivers])
        fit = regress(gram, regressor_places(design, lag=question.lag), outcomes)
        told = [np.flatnonzero(np.isin(fit.outcomes, outcome_places(design, agent))) for agent in receivers]
        lasts = [_last_actions(design, agent) for agent in question.agents]
        recipes.append(
            Recipe(
                design=design,
                regressors=fit.regressors,
                outcomes=fit.outcomes,
                slope=fit.slope,
                surprises=_turns(fit.residual, told, directions),
                # Two orthonormal columns have products of about one over the number of samples: this undoes it.
                features=_turns(gram, lasts, directions) * max(n_samples, 1.0) ** 0.25,
            )
        )
    return tuple(recipes)


def _last_actions(design: Design, agent: int) -> IntArray:
    return np.flatnonzero(design.is_target & np.equal(design.lag, 1) & np.equal(design.agent, agent))


def _turns(products: FloatArray, members: Sequence[IntArray], directions: int) -> FloatArray:
    """Return what turns columns into orthonormal directions, member by member, shape (columns, members directions)."""
    turn = np.zeros((len(products), len(members), directions))
    for number, places in enumerate(members):
        if len(places) > 0:
            white = whitening(products[np.ix_(places, places)])[:, -directions:]
            turn[places, number, : white.shape[1]] = white
    return turn.reshape(len(products), len(members) * directions)
