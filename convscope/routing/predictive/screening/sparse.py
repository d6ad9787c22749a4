"""The regression of one receiver on its own past and that of the senders that the screen left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import OWN_KINDS, TARGET_KINDS, Column
from convscope.routing.predictive.elimination import Regression, regress, sender_blocks, whitening
from convscope.routing.predictive.places import outcome_places, own_places, regressor_places
from convscope.routing.predictive.plan import Design, Plan, design_of_cells, lags_held
from convscope.values.arrays import FloatArray, IntArray

_FEWEST_SAMPLES_PER_COEFFICIENT = 2


def sparse_designs(plan: Plan, senders_of: Mapping[int, IntArray]) -> tuple[Design, ...]:
    """Return a design for each receiver: its own columns, its senders', and those of nobody."""
    columns_of: dict[int, list[int]] = {}
    for number, column in enumerate(plan.columns):
        columns_of.setdefault(column.agent, []).append(number)
    return tuple(
        _design(plan, columns_of, receiver=receiver, senders=senders.tolist())
        for receiver, senders in senders_of.items()
    )


def _design(plan: Plan, columns_of: Mapping[int, Sequence[int]], *, receiver: int, senders: Sequence[int]) -> Design:
    agents = [agent for agent in (-1, receiver, *senders) if agent in columns_of]
    cells = [
        (lag, number)
        for agent in agents
        for number in columns_of[agent]
        for lag in _lags(plan.columns[number], receiver, plan.most_lag)
    ]
    return design_of_cells(plan.columns, (receiver,), cells)


def _lags(column: Column, receiver: int, world_lag: int) -> tuple[int, ...]:
    """Return the lags of a column: agents are looked at one step back, and of the receiver also what it does now."""
    lags = lags_held(column, (receiver,), 1, world_lag=world_lag)
    is_other = column.kind in OWN_KINDS and column.agent != receiver
    return tuple(lag for lag in lags if lag > 0) if is_other else lags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparseFit:
    """One receiver's regression; of S senders with at most b directions each, and d outcomes."""

    design: int
    """Number of the design in the plan."""
    receiver: int
    """As a place in the log's agent axis."""
    senders: tuple[int, ...]
    """Those that have something of their own to tell."""
    regression: Regression
    weights: FloatArray
    """From the regressors to each sender's directions, 0 beyond its own number, shape (S, p, b)."""
    effect: FloatArray
    """Of the directions on the outcomes, shape (S, b, d)."""
    white: FloatArray
    """Turns the residuals without the sender into orthonormal ones, shape (S, d, d)."""
    n_directions: IntArray
    """Of each sender, shape (S,)."""
    n_samples: float
    n_free_samples: float
    """Samples, less one for each regressor, each episode and each time in the episode."""
    freedom: float
    """Share of the samples that is left without one for each regressor and each time."""

    @property
    def gain(self) -> FloatArray:
        """Transfer entropy to first order, in nats, shape (S,)."""
        gain: FloatArray = 0.5 * np.square(self.effect @ self.white).sum(axis=(1, 2))
        return gain


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """How much a regression has to go by."""

    n_samples: float
    n_episodes: float
    n_times: int


def sparse_fit(plan: Plan, number: int, gram: FloatArray, *, senders: IntArray, samples: Samples) -> SparseFit | None:
    """Fit a receiver; None where it never surprises, nobody tells anything of his own, or samples are too few."""
    design = plan.designs[number]
    receiver = design.targets[0]
    regression = regress(gram, regressor_places(design, lag=1), outcome_places(design, receiver))
    n_coefficients, n_outcomes = regression.slope.shape
    if n_outcomes == 0 or samples.n_samples < _FEWEST_SAMPLES_PER_COEFFICIENT * max(n_coefficients, 1):
        return None
    blocks = sender_blocks(regression, [own_places(design, sender, lag=1) for sender in senders.tolist()])
    telling = [(sender, block) for sender, block in zip(senders.tolist(), blocks, strict=True) if len(block.effect) > 0]
    if not telling:
        return None
    most = max(len(block.effect) for _, block in telling)
    weights = np.zeros((len(telling), n_coefficients, most))
    effect = np.zeros((len(telling), most, n_outcomes))
    for place, (_, block) in enumerate(telling):
        weights[place, :, : len(block.effect)] = block.weights
        effect[place, : len(block.effect)] = block.effect
    n_shared = samples.n_samples - n_coefficients - samples.n_times
    return SparseFit(
        design=number,
        receiver=receiver,
        senders=tuple(sender for sender, _ in telling),
        regression=regression,
        weights=weights,
        effect=effect,
        white=whitening(regression.residual + effect.swapaxes(1, 2) @ effect),
        n_directions=np.array([len(block.effect) for _, block in telling]),
        n_samples=samples.n_samples,
        n_free_samples=max(n_shared - samples.n_episodes, 1.0),
        freedom=max(n_shared / samples.n_samples, 0.0),
    )


def own_columns(plan: Plan, agents: Sequence[int], *, targets_only: bool) -> IntArray:
    """Return the columns of what some agents do (and where they are, unless only targets are asked for)."""
    kinds = TARGET_KINDS if targets_only else OWN_KINDS
    wanted = set(agents)
    held = enumerate(plan.columns)
    return np.array(
        [number for number, column in held if column.kind in kinds and column.agent in wanted], dtype=np.int64
    )
