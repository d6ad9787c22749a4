"""The regressions of one run and checkpoint, and what each sender's block adds to each receiver."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.elimination import Block, Regression, regress, sender_blocks, whitening
from convscope.routing.predictive.grams import GramSums
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
    explained: FloatArray
    """Effect of the sender's directions on the orthonormal residuals, shape (b, d)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReceiverFit:
    """What each sender adds to one receiver."""

    receiver: int
    """Number among the agents of the question."""
    outcome: IntArray
    """As in `PairFit`."""
    white: FloatArray
    """As in `PairFit`, of each sender, shape (S, d, d)."""
    explained: FloatArray
    """As in `PairFit`, of each sender, 0 below its own directions, shape (S, most b, d)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignFit:
    """One regression and the pairs that it answers for."""

    design: int
    """Number of the design in the plan."""
    regression: Regression
    senders: tuple[int, ...]
    """Those that have something of their own to tell, as numbers among the agents of the question."""
    blocks: tuple[Block, ...]
    """Of each of them."""
    receivers: tuple[ReceiverFit, ...]
    gain: FloatArray
    """Conditional transfer entropy to first order, in nats, shape (receiver, sender); NaN where there is no data."""
    n_free_samples: float
    """Samples, less one for each regressor, each episode and each time in the episode."""
    freedom: float
    """Share of the samples that is left without one for each regressor and each time: what units share. Intercepts of
    single episodes do not count, since a score of an episode is free of its intercept."""

    @property
    def pairs(self) -> Iterator[PairFit]:
        """The pairs, receiver by receiver."""
        for fit in self.receivers:
            for number, (sender, block) in enumerate(zip(self.senders, self.blocks, strict=True)):
                if sender != fit.receiver:
                    yield PairFit(
                        receiver=fit.receiver,
                        sender=sender,
                        block=block,
                        number=number,
                        outcome=fit.outcome,
                        white=fit.white[number],
                        explained=fit.explained[number, : len(block.effect)],
                    )


def design_fits(question: Question, sums: GramSums) -> Iterator[DesignFit]:
    """Fit the regressions of some units added up, design by design.

    Pairs without data are left out: a sender that is constant or moves in lockstep with others, a receiver that never
    surprises, or too few samples.
    """
    for number, design in enumerate(question.plan.designs):
        n_samples = float(sums.n_samples[number])
        is_target = np.isin(question.agents, design.targets)
        regressors = regressor_places(design, lag=question.lag)
        if not is_target.any() or n_samples < _FEWEST_SAMPLES_PER_COEFFICIENT * len(regressors):
            continue
        outcomes = [outcome_places(design, agent) for agent in question.agents]
        regression = regress(sums.grams[number], regressors, np.concatenate(outcomes))
        blocks = sender_blocks(regression, [own_places(design, agent, lag=question.lag) for agent in question.agents])
        senders = tuple(place for place, block in enumerate(blocks) if len(block.effect) > 0)
        telling = tuple(blocks[place] for place in senders)
        told = {
            place: np.flatnonzero(np.isin(regression.outcomes, outcomes[place]))
            for place in np.flatnonzero(is_target).tolist()
        }
        receivers = tuple(_receiver_fits(regression, telling, told))
        n_shared = n_samples - len(regressors) - _n_times(question.plan, sums)
        yield DesignFit(
            design=number,
            regression=regression,
            senders=senders,
            blocks=telling,
            receivers=receivers,
            gain=_gains(receivers, senders, n_agents=len(question.agents)),
            n_free_samples=max(n_shared - float(sums.n_episodes[number]), 1.0),
            freedom=max(n_shared / n_samples, 0.0),
        )


def _n_times(plan: Plan, sums: GramSums) -> int:
    return int((plan.clock.interval_of[sums.groups].max(axis=1) + 1).sum())


def _receiver_fits(
    regression: Regression, blocks: Sequence[Block], told: Mapping[int, IntArray]
) -> Iterator[ReceiverFit]:
    """Return the fits of receivers that surprise, those with as many outcomes at once."""
    n_rows = max((len(block.effect) for block in blocks), default=0)
    effects = np.zeros((len(blocks), n_rows, len(regression.outcomes)))
    for number, block in enumerate(blocks):
        effects[number, : len(block.effect)] = block.effect
    for width in sorted({len(places) for places in told.values()} - {0}):
        alike = [receiver for receiver, places in told.items() if len(places) == width]
        outcome = np.array([told[receiver] for receiver in alike])
        effect = effects[:, :, outcome].transpose(2, 0, 1, 3)
        full = regression.residual[outcome[:, :, None], outcome[:, None, :]]
        white = whitening(full[:, None] + effect.swapaxes(2, 3) @ effect)
        explained = effect @ white
        for number, receiver in enumerate(alike):
            yield ReceiverFit(
                receiver=receiver, outcome=outcome[number], white=white[number], explained=explained[number]
            )


def _gains(receivers: Sequence[ReceiverFit], senders: Sequence[int], *, n_agents: int) -> FloatArray:
    gains = np.full((n_agents, n_agents), np.nan)
    for fit in receivers:
        gains[fit.receiver, list(senders)] = 0.5 * np.square(fit.explained).sum(axis=(1, 2))
    np.fill_diagonal(gains, np.nan)
    return gains
