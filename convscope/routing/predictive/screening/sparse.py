"""The regression of one receiver on its own past and that of the senders that the screen left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.predictive.columns import OWN_KINDS, TARGET_KINDS
from convscope.routing.predictive.elimination import Regression, regress, sender_blocks, whitening
from convscope.routing.predictive.places import outcome_places, own_places, regressor_places
from convscope.routing.predictive.plan import Design, Plan, design_of_cells, lags_held
from convscope.values.arrays import FloatArray, IntArray

_FEWEST_SAMPLES_PER_COEFFICIENT = 2


def sparse_designs(plan: Plan, senders_of: Mapping[int, IntArray]) -> tuple[Design, ...]:
    """Return a design for each receiver: its own columns, its senders', and those of nobody; agents a step back."""
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
        for lag in lags_held(plan.columns[number], (receiver,), 1, world_lag=plan.most_lag)
    ]
    return design_of_cells(plan.columns, (receiver,), cells)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparseFit:
    """What a receiver does now, and its senders do, on the past: m outcomes, of which d are the receiver's.

    Of S senders with at most b directions of the past each, and at most c outcomes.
    """

    design: int
    """Number of the design in the plan."""
    receiver: int
    """As a place in the log's agent axis."""
    senders: tuple[int, ...]
    """Those that have something of their own to tell."""
    regression: Regression
    outcome: IntArray
    """Places of the receiver's outcomes among those of the regression, shape (d,)."""
    weights: FloatArray
    """From the regressors to each sender's directions, 0 beyond its own number, shape (S, p, b)."""
    effect: FloatArray
    """Of the directions on the receiver's outcomes, shape (S, b, d)."""
    white: FloatArray
    """Turns the receiver's residuals without the sender into orthonormal ones, shape (S, d, d)."""
    surprise: FloatArray
    """Turns the receiver's residuals into orthonormal ones, shape (d, d)."""
    surprises: FloatArray
    """Turns all residuals into each sender's orthonormal ones, 0 beyond its own number, shape (S, m, c)."""
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
    own, *others = [outcome_places(design, agent) for agent in (receiver, *senders.tolist())]
    regression = regress(gram, regressor_places(design, lag=1), np.concatenate([own, *others]))
    n_coefficients = len(regression.slope)
    outcome = np.flatnonzero(np.isin(regression.outcomes, own))
    if len(outcome) == 0 or samples.n_samples < _FEWEST_SAMPLES_PER_COEFFICIENT * max(n_coefficients, 1):
        return None
    blocks = sender_blocks(regression, [own_places(design, sender, lag=1) for sender in senders.tolist()])
    telling = [place for place, block in enumerate(blocks) if len(block.effect) > 0]
    if not telling:
        return None
    effect = _stacked([blocks[place].effect[:, outcome] for place in telling])
    residual = regression.residual[np.ix_(outcome, outcome)]
    n_shared = samples.n_samples - n_coefficients - samples.n_times
    return SparseFit(
        design=number,
        receiver=receiver,
        senders=tuple(senders[telling].tolist()),
        regression=regression,
        outcome=outcome,
        weights=_stacked([blocks[place].weights.T for place in telling]).swapaxes(1, 2),
        effect=effect,
        white=whitening(residual + effect.swapaxes(1, 2) @ effect),
        surprise=whitening(residual),
        surprises=_stacked([_surprises(regression, others[place]).T for place in telling]).swapaxes(1, 2),
        n_directions=np.array([len(blocks[place].effect) for place in telling]),
        n_samples=samples.n_samples,
        n_free_samples=max(n_shared - samples.n_episodes, 1.0),
        freedom=max(n_shared / samples.n_samples, 0.0),
    )


def _stacked(matrices: Sequence[FloatArray]) -> FloatArray:
    """Return matrices of equal width one behind the other, those with fewer rows filled up with zeros."""
    stacked = np.zeros((len(matrices), max(map(len, matrices)), matrices[0].shape[1]))
    for number, matrix in enumerate(matrices):
        stacked[number, : len(matrix)] = matrix
    return stacked


def _surprises(regression: Regression, outcomes: IntArray) -> FloatArray:
    """Return what turns all residuals into orthonormal ones of some outcomes, shape (m, outcomes)."""
    places = np.flatnonzero(np.isin(regression.outcomes, outcomes))
    turn = np.zeros((len(regression.outcomes), len(places)))
    turn[places] = whitening(regression.residual[np.ix_(places, places)])
    return turn


def own_columns(plan: Plan, agents: Sequence[int], *, targets_only: bool) -> IntArray:
    """Return the columns of what some agents do (and where they are, unless only targets are asked for)."""
    kinds = TARGET_KINDS if targets_only else OWN_KINDS
    wanted = set(agents)
    held = enumerate(plan.columns)
    return np.array(
        [number for number, column in held if column.kind in kinds and column.agent in wanted], dtype=np.int64
    )
