"""The second pass over a log, and the fits of every run and checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.groups import Group, agent_places, episode_groups
from convscope.routing.estimate import Run
from convscope.routing.predictive import budget
from convscope.routing.predictive.budget import affordable_groups
from convscope.routing.predictive.clock import ClockFold, ClockSums
from convscope.routing.predictive.evaluate import PairFits, pair_fits
from convscope.routing.predictive.fits import Question
from convscope.routing.predictive.grams import GramFold, UnitGrams
from convscope.routing.predictive.lag import choose_lag
from convscope.routing.predictive.pair_counts import CountFold, PairCounts
from convscope.routing.predictive.plan import Plan, make_plan
from convscope.routing.predictive.recipes import make_recipes, n_directions
from convscope.routing.predictive.symbols import SymbolTables, symbol_tables
from convscope.routing.predictive.synergy import SynergyFold, SynergyScores
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
    synergy: FloatArray | None
    """Scores of combinations of two agents, shape (U, R, pairs, columns); None where none were looked for."""
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
    n_left_out: int
    """Runs and checkpoints, none of them analysed, that were left out for the memory that they would take."""

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
    every = episode_groups(log, config)
    places = agent_places(log, agents)
    affordable = dict(enumerate(affordable_groups(log.header, every)))
    plan, groups = _plan_within_budget(fold, sums, affordable, n_agents=len(log.header.agents))
    symbols = {
        number: symbol_tables(fold.columns, plan.kept, sums, group=number, agents=places.tolist()) for number in groups
    }
    n_episodes = sum(len(group.episodes) for group in groups.values() if group.is_analysed)
    is_counted = n_episodes < FEWEST_EPISODES and all(all(tables.is_choice) for tables in symbols.values())
    counting = [CountFold(group_of=plan.clock.group_of, agents=places)] if is_counted else []
    units, *counts = run([GramFold(plan=plan), *counting])
    shares = {number: units.of_group(number) for number in groups}
    lag = choose_lag(plan, [shares[number] for number in groups if groups[number].is_analysed], places.tolist())
    question = Question(plan=plan, agents=tuple(places.tolist()), lag=lag, has_roles=bool(log.header.roles))
    synergy = _synergy(question, shares, groups, is_flipped=n_episodes >= FEWEST_EPISODES, run=run)
    parts = tuple(
        Part(
            group=group,
            units=shares[number],
            symbols=symbols[number],
            fits=pair_fits(question, shares[number], symbols[number]),
            synergy=synergy.of_group(number) if synergy is not None and group.is_analysed else None,
            counts=counts[0].of_group(number) if counts else None,
        )
        for number, group in groups.items()
    )
    return Study(question=question, parts=parts, n_left_out=len(every) - len(parts))


def _synergy(
    question: Question,
    units: Mapping[int, UnitGrams],
    groups: Mapping[int, Group],
    *,
    is_flipped: bool,
    run: Run,
) -> SynergyScores | None:
    """Read the log a third time for what two agents do together; None where that is not looked for."""
    analysed = {number: units[number] for number, group in groups.items() if group.is_analysed}
    directions = n_directions(question, sum(len(each.key) for each in analysed.values()))
    if not is_flipped or directions == 0:
        return None
    recipes = {number: make_recipes(question, each, directions=directions) for number, each in analysed.items()}
    fold = SynergyFold(plan=question.plan, recipes=recipes, n_agents=len(question.agents), n_directions=directions)
    (scores,) = run([fold])
    found: SynergyScores = scores
    return found


def _plan_within_budget(
    fold: ClockFold, sums: ClockSums, groups: Mapping[int, Group], *, n_agents: int
) -> tuple[Plan, Mapping[int, Group]]:
    """Return the plan, and the groups by number that it reads: the analysed ones alone where memory asks for it."""
    plan = make_plan(fold.columns, sums, clock=fold.clock, n_agents=n_agents)
    analysed = {number: group for number, group in groups.items() if group.is_analysed}
    if plan.gram_bytes <= budget.MOST_BYTES or len(analysed) == len(groups):
        return plan, groups
    clock = fold.clock.only(np.array(list(analysed)))
    return make_plan(fold.columns, sums, clock=clock, n_agents=n_agents), analysed
