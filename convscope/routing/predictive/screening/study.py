"""The passes of a screened study: the screen of all pairs, the fits of what it left, and their scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.behaviour.groups import Group
from convscope.routing.estimate import Run
from convscope.routing.predictive.clock import ClockFold, ClockSums
from convscope.routing.predictive.effect import less_bias
from convscope.routing.predictive.grams import GramFold
from convscope.routing.predictive.plan import Plan, swept_plan
from convscope.routing.predictive.screening.light import PairTests, pair_tests, placed
from convscope.routing.predictive.screening.scores import ScoreFold, ScoreSums, score_unit
from convscope.routing.predictive.screening.screen import ScreenFold, strongest_senders
from convscope.routing.predictive.screening.sparse import Samples, SparseFit, own_columns, sparse_designs, sparse_fit
from convscope.values.arrays import FloatArray, IntArray

MOST_SENDERS = 16
"""Senders of each receiver that the screen leaves, fewer where they would not fit into memory."""
_MOST_BYTES = 128 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScreenedPart:
    """One run and checkpoint; pairs in the same order in every part, NaN and 0 where there is no data."""

    group: Group
    n_episodes: int
    """Episodes with samples of some receiver."""
    weight: FloatArray
    """Transfer entropy to first order less its bias, in bits per step, shape (pairs,)."""
    edges: PairTests
    shared: PairTests
    """What both do at the same step that nothing foretold."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScreenedStudy:
    """The pairs that the screen left, and what every analysed run and checkpoint says of them."""

    receiver: IntArray
    """As a place in the log's agent axis, shape (pairs,)."""
    sender: IntArray
    """Likewise, shape (pairs,)."""
    parts: tuple[ScreenedPart, ...]
    n_agents: int
    """Analysed agents."""


def screened_study(
    fold: ClockFold, sums: ClockSums, groups: Mapping[int, Group], *, agents: Sequence[int], run: Run
) -> ScreenedStudy:
    """Screen all pairs, and test those that are left.

    Parameters
    ----------
    fold, sums
        Fold of the first pass, and its result.
    groups
        The analysed runs and checkpoints, by number in the fold's clock.
    agents
        Analysed agents, as places in the log's agent axis.
    run
        Reads the log again.
    """
    plan = swept_plan(fold.columns, sums, clock=fold.clock.only(np.array(list(groups))))
    senders_of = _screened(plan, agents, run)
    plan = replace(plan, designs=sparse_designs(plan, senders_of))
    n_left = [len(senders) for senders in senders_of.values()]
    receiver = np.repeat(np.array(list(senders_of), dtype=np.int64), n_left)
    sender = np.concatenate([np.zeros(0, dtype=np.int64), *senders_of.values()])
    place_of = {pair: place for place, pair in enumerate(zip(receiver.tolist(), sender.tolist(), strict=True))}
    parts = tuple(
        _part(replace(plan, clock=plan.clock.only(np.array([number]))), group, senders_of, place_of=place_of, run=run)
        for number, group in groups.items()
    )
    return ScreenedStudy(receiver=receiver, sender=sender, parts=parts, n_agents=len(agents))


def _screened(plan: Plan, agents: Sequence[int], run: Run) -> dict[int, IntArray]:
    """Return the senders that are left of each receiver; as many receivers at a time as memory has room for."""
    agent_of = np.array([column.agent for column in plan.columns], dtype=np.int64)
    senders = own_columns(plan, agents, targets_only=False)
    targets = own_columns(plan, agents, targets_only=True)
    targets = targets[np.argsort(agent_of[targets], kind="stable")]
    kept: dict[int, IntArray] = {}
    for receivers in _shares(targets, agent_of[targets], _MOST_BYTES // (8 * max(len(senders), 1))):
        (sums,) = run([ScreenFold(plan=plan, senders=senders, receivers=receivers)])
        n_kept = _n_kept(len(senders), len(agents))
        kept |= strongest_senders(sums, sender_of=agent_of[senders], receiver_of=agent_of[receivers], n_kept=n_kept)
    return kept


def _shares(columns: IntArray, agent_of: IntArray, most: int) -> Iterator[IntArray]:
    """Cut columns, agent by agent, into shares of about as many as there is room for."""
    starts = np.flatnonzero(np.diff(agent_of, prepend=-1))
    firsts = starts[np.unique(starts // max(most, 1), return_index=True)[1]]
    yield from (share for share in np.split(columns, firsts[1:]) if len(share) > 0)


def _n_kept(n_columns: int, n_agents: int) -> int:
    """Return how many senders a receiver's matrix has room for, itself and what it does now beside them."""
    n_places = np.sqrt(_MOST_BYTES / (8 * n_agents)) / max(n_columns / n_agents, 1)
    return int(np.clip(n_places - 2, 1, MOST_SENDERS))


def _part(
    plan: Plan,
    group: Group,
    senders_of: Mapping[int, IntArray],
    *,
    place_of: Mapping[tuple[int, int], int],
    run: Run,
) -> ScreenedPart:
    (units,) = run([GramFold(plan=plan)])
    total = units.total
    n_times = int((plan.clock.interval_of[total.groups].max(axis=1, initial=-1) + 1).sum())
    fits = [
        sparse_fit(
            plan,
            number,
            total.grams[number],
            senders=senders,
            samples=Samples(
                n_samples=float(total.n_samples[number]), n_episodes=float(total.n_episodes[number]), n_times=n_times
            ),
        )
        for number, senders in enumerate(senders_of.values())
    ]
    weight = np.full(len(place_of), np.nan)
    places: list[IntArray] = []
    edges: list[PairTests] = []
    shared: list[PairTests] = []
    for share in _fit_shares([fit for fit in fits if fit is not None]):
        for fit, sums in zip(share, run([ScoreFold(plan=plan, fits=share)])[0], strict=True):
            at = np.array([place_of[fit.receiver, sender] for sender in fit.senders])
            n_own, unit = float(total.n_episodes[fit.design]), score_unit(fit)
            places.append(at)
            edges.append(pair_tests(sums.edges, unit=unit, n_episodes=n_own, freedom=fit.freedom))
            shared.append(pair_tests(sums.shared, unit=unit, n_episodes=n_own, freedom=1.0))
            weight[at] = _weights(fit, sums.edges, n_episodes=n_own) / float(np.log(2))
    return ScreenedPart(
        group=group,
        n_episodes=int(total.n_episodes.max(initial=0)),
        weight=weight,
        edges=placed(edges, places, n_pairs=len(place_of)),
        shared=placed(shared, places, n_pairs=len(place_of)),
    )


def _fit_shares(fits: Sequence[SparseFit]) -> Iterator[tuple[SparseFit, ...]]:
    """Cut fits into shares whose sums of products fit into memory."""
    n_bytes = np.array(
        [
            8 * len(fit.senders) * (max(fit.effect.shape[1], fit.surprises.shape[2]) * fit.effect.shape[2]) ** 2
            for fit in fits
        ]
    )
    number = (np.cumsum(n_bytes) - n_bytes) // _MOST_BYTES
    for each in np.unique(number).tolist():
        yield tuple(fit for fit, own in zip(fits, number.tolist(), strict=True) if own == each)


def _weights(fit: SparseFit, sums: ScoreSums, *, n_episodes: float) -> FloatArray:
    """Return transfer entropies less their bias, in nats; steps of an episode are not taken for independent."""
    n_coefficients = fit.n_directions * float(fit.effect.shape[2])
    spread = np.trace(sums.products, axis1=1, axis2=2) - np.square(sums.total).sum(axis=1) / max(n_episodes, 1.0)
    variance = spread / score_unit(fit) ** 2 * n_episodes / max(n_episodes - 1, 1.0)
    return less_bias(
        fit.gain, n_free=np.maximum(n_coefficients, fit.n_free_samples * variance), n_samples=fit.n_free_samples
    )
