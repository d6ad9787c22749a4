"""The second pass over a log, and the fits of every run and checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from convscope.routing.estimate import Run
from convscope.routing.groups import Group, agent_places, episode_groups
from convscope.routing.predictive.clock import ClockFold, ClockSums
from convscope.routing.predictive.evaluate import PairFits, pair_fits
from convscope.routing.predictive.fits import Question
from convscope.routing.predictive.grams import GramFold, UnitGrams
from convscope.routing.predictive.lag import choose_lag
from convscope.routing.predictive.pair_counts import CountFold, PairCounts
from convscope.routing.predictive.plan import make_plan
from convscope.routing.predictive.symbols import SymbolTables, symbol_tables
from convscope.routing.predictive.tables import count_weights
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog

FEWEST_EPISODES = 30
"""Fewer episodes than this are not flipped (docs/routing.md)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One run and checkpoint."""

    group: Group
    units: UnitGrams
    symbols: SymbolTables
    """Action tables of the analysed agents."""
    fits: PairFits
    counts: PairCounts | None
    """Tables of counts of every ordered pair, where episodes are too few to flip and actions are single choices."""

    @property
    def weight(self) -> FloatArray:
        """Bits per step of every ordered pair, shape (receiver, sender): of what the test of the pair tests."""
        return self.fits.weight if self.counts is None else count_weights(self.counts)

    @property
    def n_episodes(self) -> int:
        """Episodes with samples of some receiver."""
        return int(self.units.n_episodes.sum(axis=0).max(initial=0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """All runs and checkpoints of a log."""

    question: Question
    parts: tuple[Part, ...]

    @property
    def analysed(self) -> tuple[Part, ...]:
        """The parts that the results describe."""
        return tuple(part for part in self.parts if part.group.is_analysed)


def read_study(
    log: TrajectoryLog, fold: ClockFold, sums: ClockSums, *, config: AnalysisConfig, agents: Sequence[str], run: Run
) -> Study:
    """Read the log a second time and fit every run and checkpoint.

    Parameters
    ----------
    log
        The log.
    fold, sums
        Fold of the first pass, and its result.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents.
    run
        Reads the log again.
    """
    groups = episode_groups(log, config)
    places = agent_places(log, agents)
    plan = make_plan(fold.columns, sums, clock=fold.clock, groups=groups, n_agents=len(log.header.agents))
    symbols = [
        symbol_tables(fold.columns, plan.kept, sums, group=number, agents=places.tolist())
        for number in range(len(groups))
    ]
    n_episodes = sum(len(group.episodes) for group in groups if group.is_analysed)
    is_counted = n_episodes < FEWEST_EPISODES and all(symbols[0].is_choice)
    counting = [CountFold(group_of=fold.clock.group_of, agents=places)] if is_counted else []
    units, *counts = run([GramFold(plan=plan), *counting])
    shares = [units.of_group(number) for number in range(len(groups))]
    analysed = [share for share, group in zip(shares, groups, strict=True) if group.is_analysed]
    lag = choose_lag(plan, analysed, places.tolist())
    question = Question(plan=plan, agents=tuple(places.tolist()), lag=lag)
    parts = tuple(
        Part(
            group=group,
            units=shares[number],
            symbols=symbols[number],
            fits=pair_fits(question, shares[number], symbols[number]),
            counts=counts[0].of_group(number) if counts else None,
        )
        for number, group in enumerate(groups)
    )
    return Study(question=question, parts=parts)
