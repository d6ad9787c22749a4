"""The two passes of the intervention test, and the figures of every run and checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.groups import Group, agent_places, episode_groups
from convscope.routing.edges import PairFigures
from convscope.routing.estimate import Run
from convscope.routing.intervention.clock import TimeFold, TimeSums
from convscope.routing.intervention.evaluate import (
    ArmTest,
    assignments,
    differences,
    n_as_far_apart,
    n_draws_for,
    within_test,
)
from convscope.routing.intervention.interactions import InteractionFold, Interactions
from convscope.routing.intervention.pairs import Assignment, PairScores, alone, outcomes, pair_arms, pair_scores
from convscope.routing.intervention.reading import outcome_columns
from convscope.routing.intervention.scores import EpisodeScores, ScoreFold
from convscope.routing.near_level import draw_until_settled
from convscope.routing.predictive.clock import make_clock
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.fields import PAIR_INTERVENTIONS
from convscope.values.header import ActionKind, LogHeader
from convscope.values.log import TrajectoryLog


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One run and checkpoint."""

    group: Group
    scores: EpisodeScores
    pairs: PairScores
    conditions: IntArray
    """Condition of each episode, shape (E,)."""
    cells: IntArray
    """Its times in the sums of the first pass."""
    interactions: Interactions | None
    """Of the same episodes, where channels are cut."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """What both passes found, of all agents of the log."""

    parts: tuple[Part, ...]
    is_choice: bool
    """Whether all actions are choices, whose shares are compared; else components, in standard deviations."""
    n_components: IntArray
    """Components of each agent's action, shape (N,)."""
    places: IntArray
    """Of the analysed agents; of roles, all."""
    are_roles: bool = False
    """Whether roles stand in the place of agents: these may influence their like."""

    @property
    def is_analysed(self) -> BoolArray:
        """Pairs of analysed agents, shape (receiver, sender)."""
        chosen = np.isin(np.arange(len(self.n_components)), self.places)
        return np.asarray(chosen[:, None] & chosen & (self.are_roles | ~np.eye(len(chosen), dtype=np.bool_)))

    def weight(self, part: Part, episodes: IntArray | None = None) -> FloatArray:
        """Return how much actions differ, shape (receiver, sender); of some episodes of a part, or of all."""
        chosen = np.arange(len(part.scores.episode)) if episodes is None else episodes
        share = len(chosen) / len(part.scores.episode)
        size = differences(part.pairs, part.pairs.scores[chosen], share)
        if self.is_choice:
            total = size.sum(axis=-1) / (2 * self.n_components[:, None])
        else:
            # Columns of products are the sender's, which have a variance of 1, times the receiver's.
            own = part.pairs.variance
            variance = np.tile(own, size.shape[-1] // own.shape[-1])[:, None]
            total = np.divide(size, variance, out=np.zeros_like(size), where=variance > 0).sum(axis=-1)
            total = total / np.maximum((own > 0).sum(axis=-1), 1)[:, None]
        return np.where(np.isfinite(size[..., 0]), np.sqrt(np.maximum(total, 0.0)), np.nan)


def time_fold(log: TrajectoryLog, config: AnalysisConfig) -> TimeFold:
    """Return the fold of the first pass."""
    columns, n_agents = outcome_columns(log.header), len(log.header.agents)
    width = max(len(own) for own in columns)
    n_columns = n_agents * (4 * n_agents + (n_agents + 3 + width) * width)
    clock = make_clock(log.episodes, episode_groups(log, config), n_columns=n_columns)
    return TimeFold(clock=clock, columns=columns)


def read_study(
    log: TrajectoryLog, fold: TimeFold, sums: TimeSums, *, config: AnalysisConfig, agents: Sequence[str], run: Run
) -> Study:
    """Read the log once more, and score every episode.

    Parameters
    ----------
    log
        The log.
    fold, sums
        Of the first pass.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents.
    run
        Reads the log.
    """
    (state,) = run([ScoreFold(clock=fold.clock, columns=fold.columns, main=sums.means())])
    groups = episode_groups(log, config)
    scores = [state.scores.of(group.episodes) for group in groups]
    tied = _interactions(log, fold, sums, scores=scores, gram=state.gram, run=run)
    parts: list[Part] = []
    for number, (group, own) in enumerate(zip(groups, scores, strict=True)):
        conditions, interactions = log.episodes.condition[own.episode], tied and tied.of(own.episode)
        cells = _cells(fold, number)
        pairs = pair_scores(own, state.gram[number], conditions, n_cells=len(cells), interactions=interactions)
        part = Part(group=group, scores=own, pairs=pairs, conditions=conditions, cells=cells, interactions=interactions)
        parts.append(part)
    return Study(
        parts=tuple(parts),
        is_choice=_is_choice(log.header),
        n_components=np.array([max(agent.action_space.width, 1) for agent in log.header.agents]),
        places=agent_places(log, agents),
    )


def figures(
    study: Study, parts: Sequence[Part], *, config: AnalysisConfig, is_claimed: bool, rng: np.random.Generator
) -> PairFigures:
    """Return weights and p values of all pairs of analysed agents, all given runs together.

    Parameters
    ----------
    study
        The study.
    parts
        Runs; opposite effects in two of them strengthen each other.
    config
        ``n_permutations`` of each null, at least; more where a claim at rate ``q`` is not settled.
    is_claimed
        Whether interventions were assigned at random as far as the log tells.
    rng
        Draws them.
    """
    pairs = [part.pairs for part in parts]
    within = within_test(
        [pair.scores for pair in pairs],
        [pair.freedom for pair in pairs],
        assignments(pairs, Assignment.STEP) & study.is_analysed,
    )
    p_value = within.draw(n_flips=config.n_permutations, q=config.q, rng=rng)
    as_wholes = assignments(pairs, Assignment.EPISODE) & study.is_analysed
    p_value[as_wholes] = _between(parts, np.argwhere(as_wholes), study=study, config=config, rng=rng)
    weights = np.array([study.weight(part) for part in parts])
    n_known = np.isfinite(weights).sum(axis=0)
    mean = np.where(n_known > 0, np.nansum(weights, axis=0) / np.maximum(n_known, 1), np.nan)
    own = np.ix_(study.places, study.places)
    return PairFigures(weight=mean[own], p_value=p_value[own], is_claimed=is_claimed)


def _between(
    parts: Sequence[Part], pairs: IntArray, *, study: Study, config: AnalysisConfig, rng: np.random.Generator
) -> FloatArray:
    """Return p of pairs whose episodes have the intervention as wholes, shape (pairs,) for (pairs, 2)."""
    every = [arm_tests(parts, receiver=receiver, sender=sender) for receiver, sender in pairs.tolist()]

    def more(chosen: IntArray, n: int) -> FloatArray:
        return np.array([float(n_as_far_apart(every[place], n_draws=n, rng=rng)) for place in chosen.tolist()])

    n_draws = n_draws_for(config.n_permutations, int(study.is_analysed.sum()))
    n_above = more(np.arange(len(every)), n_draws)
    n_drawn, is_tested = np.full(len(every), n_draws), np.ones(len(every), dtype=np.bool_)
    return draw_until_settled(n_above, n_drawn, is_tested=is_tested, more=more, q=config.q)


def arm_tests(parts: Sequence[Part], *, receiver: int, sender: int, of_first_rows: bool = False) -> list[ArmTest]:
    """Return the runs in which whole episodes have an intervention on a sender or not.

    Parameters
    ----------
    parts
        Runs.
    receiver, sender
        The pair.
    of_first_rows
        Whether to compare what the receiver did in the first row, before any intervention could touch it.
    """
    return [
        ArmTest(
            arms=pair_arms(part.scores, part.conditions, receiver=receiver, sender=sender),
            outcome=part.scores.firsts[:, receiver]
            if of_first_rows
            else outcomes(part.scores, part.interactions, receiver=receiver, sender=sender),
        )
        for part in parts
        if part.pairs.assignment[receiver, sender] == Assignment.EPISODE
    ]


def _cells(fold: TimeFold, group: int) -> IntArray:
    return group * fold.clock.n_intervals + np.unique(fold.clock.interval_of[group])


def _interactions(
    log: TrajectoryLog,
    fold: TimeFold,
    sums: TimeSums,
    *,
    scores: Sequence[EpisodeScores],
    gram: FloatArray,
    run: Run,
) -> Interactions | None:
    """Read the log a third time, where channels are cut."""
    if not log.has(PAIR_INTERVENTIONS):
        return None
    turn = np.array([[[alone(own, sender)[0] for sender in range(len(own) // 3)] for own in each] for each in gram])
    is_choice = _is_choice(log.header)
    fold_of_all = InteractionFold(
        clock=fold.clock,
        columns=fold.columns,
        main=sums.means(),
        turn=turn.swapaxes(2, 3),
        scale=np.array(
            [
                _scale(own, sums.main[_cells(fold, number)], sums.n_main[_cells(fold, number)], is_choice=is_choice)
                for number, own in enumerate(scores)
            ]
        ),
    )
    (tied,) = run([fold_of_all])
    return tied if isinstance(tied, Interactions) else None


def _scale(scores: EpisodeScores, total: FloatArray, n_rows: FloatArray, *, is_choice: bool) -> FloatArray:
    """Return what makes products differences given what the sender did, or given one standard deviation of it."""
    size = scores.squares.sum(axis=0)
    if is_choice:
        size = total.sum(axis=0)[:, -scores.squares.shape[2] :]
    share = size / np.maximum(n_rows.sum(axis=0), 1)[:, None]
    return np.where(share > 0, 1 / np.sqrt(np.where(share > 0, share, 1.0)), 0.0)


def _is_choice(header: LogHeader) -> bool:
    return all(agent.action_space.kind is not ActionKind.CONTINUOUS for agent in header.agents)
