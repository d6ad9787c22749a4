"""The regressions of one run and checkpoint, and what each sender's block adds to each receiver."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.elimination import Block, Regression, regress, sender_block, whitening
from convscope.routing.predictive.grams import UnitGrams
from convscope.routing.predictive.places import outcome_places, own_places, regressor_places
from convscope.routing.predictive.plan import Plan
from convscope.values.arrays import FloatArray, IntArray

_FEWEST_SAMPLES_PER_COEFFICIENT = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked of every run and checkpoint."""

    plan: Plan
    agents: tuple[int, ...]
    """Analysed agents, as places in the log's agent axis."""
    lag: int
    """How far back all pasts reach."""
    has_roles: bool = False
    """Whether pairs of agents are added up by their roles, too."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairFit:
    """One sender and one receiver."""

    receiver: int
    """Number among the agents of the question."""
    sender: int
    block: Block
    """What the sender's past holds beyond everything else."""
    number: int
    """Of the block in its design's fit."""
    outcome: IntArray
    """Places of the receiver's outcomes among those of the regression, shape (d,)."""
    white: FloatArray
    """Turns the residuals without the sender into orthonormal ones, shape (d, d)."""

    @property
    def explained(self) -> FloatArray:
        """Effect of the sender's directions on the orthonormal residuals, shape (b, d)."""
        effect: FloatArray = self.block.effect[:, self.outcome] @ self.white
        return effect


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignFit:
    """One regression and the pairs that it answers for."""

    design: int
    """Number of the design in the plan."""
    regression: Regression
    blocks: tuple[Block, ...]
    """Of each sender that has something of its own to tell."""
    pairs: tuple[PairFit, ...]
    n_free_samples: float
    """Samples, less one for each regressor, each episode and each time in the episode."""
    freedom: float
    """Share of the samples that is left without one for each regressor and each time: what units share. Intercepts of
    single episodes do not count, since a score of an episode is free of its intercept."""


def design_fits(question: Question, units: UnitGrams) -> Iterator[DesignFit]:
    """Fit the regressions of some units added up, design by design.

    Pairs without data are left out: a sender that is constant or moves in lockstep with others, a receiver that never
    surprises, or too few samples.
    """
    for number, design in enumerate(question.plan.designs):
        n_samples = float(units.n_samples[:, number].sum())
        receivers = [place for place, agent in enumerate(question.agents) if agent in design.targets]
        regressors = regressor_places(question.plan, design, lag=question.lag)
        if not receivers or n_samples < _FEWEST_SAMPLES_PER_COEFFICIENT * len(regressors):
            continue
        outcomes = [outcome_places(question.plan, design, agent) for agent in question.agents]
        gram = units.grams[number].sum(axis=0)
        regression = regress(gram, regressors, np.concatenate(outcomes))
        senders = [
            (place, sender_block(regression, own_places(question.plan, design, agent, lag=question.lag)))
            for place, agent in enumerate(question.agents)
        ]
        telling = [(place, block) for place, block in senders if block.weights.shape[1] > 0]
        told = [np.flatnonzero(np.isin(regression.outcomes, places)) for places in outcomes]
        pairs = [
            pair
            for receiver in receivers
            if len(told[receiver]) > 0
            for pair in _pair_fits(regression, telling, receiver=receiver, outcome=told[receiver])
        ]
        n_shared = n_samples - len(regressors) - _n_times(question.plan, units)
        yield DesignFit(
            design=number,
            regression=regression,
            blocks=tuple(block for _, block in telling),
            pairs=tuple(pairs),
            n_free_samples=max(n_shared - float(units.n_episodes[:, number].sum()), 1.0),
            freedom=max(n_shared / n_samples, 0.0),
        )


def _n_times(plan: Plan, units: UnitGrams) -> int:
    return int((plan.clock.interval_of[np.unique(units.group)].max(axis=1) + 1).sum())


def _pair_fits(
    regression: Regression, telling: Sequence[tuple[int, Block]], *, receiver: int, outcome: IntArray
) -> list[PairFit]:
    others = [(number, sender, block) for number, (sender, block) in enumerate(telling) if sender != receiver]
    full = regression.residual[np.ix_(outcome, outcome)]
    effects = [block.effect[:, outcome] for _, _, block in others]
    restricted = np.array([full + effect.T @ effect for effect in effects]).reshape(-1, *full.shape)
    return [
        PairFit(receiver=receiver, sender=sender, block=block, number=number, outcome=outcome, white=white)
        for (number, sender, block), white in zip(others, whitening(restricted), strict=True)
    ]
