"""The three passes of the residual test, and the figures of every run and checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.behaviour.groups import Group, agent_places, episode_groups, group_of_each
from convscope.engine.fold import Fold
from convscope.routing.estimate import Run
from convscope.routing.residual.baseline import BaselineFold
from convscope.routing.residual.effect import MOST_UNITS, EffectFold, Effects, squared_share
from convscope.routing.residual.evaluate import Statistic, Whitening, statistic, whitening
from convscope.routing.residual.joint import JointFold
from convscope.routing.residual.model import Model
from convscope.routing.residual.reading import policy_fields
from convscope.routing.residual.redraw import RedrawFold
from convscope.routing.residual.roles import RoleModel
from convscope.routing.residual.scores import ScoreFold
from convscope.routing.residual.usage import Usage, UsageFold
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTION_LOGITS, ACTION_PROBABILITIES
from convscope.values.log import TrajectoryLog

N_DRAWS = 999
"""Times that actions are drawn again, at first."""
FEWEST_CHANCES = 2_000
"""Under so many steps at which two draws of the sender would differ, actions are drawn again instead of trusting the
chi-square distribution."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One run and checkpoint: the analysed agents alone, or roles."""

    group: Group
    number: int
    """Of the run and checkpoint."""
    places: IntArray
    """Of the analysed agents in the log's agent axis; of roles, all."""
    test: Statistic
    """Shape (receiver, sender)."""
    by: Whitening
    """Of the test's scores."""
    effects: Effects
    """Of all runs and checkpoints."""
    units: IntArray
    """Of these, those of this run and checkpoint."""
    is_pair: BoolArray
    """Which cells are edges: agents have none to themselves, shape (receiver, sender)."""

    @property
    def squares(self) -> FloatArray:
        """`squared_share` of all episodes, shape (receiver, sender)."""
        return self.squares_of(self.units)

    def squares_of(self, units: IntArray) -> FloatArray:
        """Return the same from some of the units."""
        of_all = squared_share(self.effects, self.number, units=units, share=len(units) / len(self.units))
        return np.where(self.is_pair, of_all[np.ix_(self.places, self.places)], np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tested:
    """All runs and checkpoints of agents, or of roles."""

    parts: tuple[Part, ...]
    model: Model | RoleModel
    """What more draws need."""
    is_rare: BoolArray
    """Whether a sender's chance is so rare that its actions are drawn again, shape (G, N)."""
    name: str
    """Of the draws."""

    @property
    def analysed(self) -> list[Part]:
        """Parts that the results describe."""
        return [part for part in self.parts if part.group.is_analysed]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """What the third pass found."""

    agents: Tested
    roles: Tested | None
    """None without declared roles."""
    together: tuple[Statistic, ...]
    """Of the dice of analysed agents at the same step, by run and checkpoint, each (first, second)."""


def usage_fold(log: TrajectoryLog, config: AnalysisConfig) -> UsageFold:
    """Return the fold of the first pass."""
    groups = episode_groups(log, config)
    name = ACTION_PROBABILITIES if log.has(ACTION_PROBABILITIES) else ACTION_LOGITS
    return UsageFold(
        fields=policy_fields(log.header),
        group_of=group_of_each(groups, log.episodes.n_episodes),
        n_groups=len(groups),
        n_agents=len(log.header.agents),
        n_actions=log.header.field(name).shape[-1],
    )


def read_study(log: TrajectoryLog, usage: Usage, *, config: AnalysisConfig, agents: Sequence[str], run: Run) -> Study:
    """Read the log twice more, and weigh the scores of every run and checkpoint.

    Parameters
    ----------
    log
        The log.
    usage
        Result of the first pass.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents.
    run
        Reads the log.
    """
    groups, places = episode_groups(log, config), agent_places(log, agents)
    model, like = read_models(log, usage, groups=groups, run=run)
    questions = [_of_agents(model, usage, places, seed=config.seed)]
    if like is not None:
        questions.append(_of_roles(like, usage, log, places=places, groups=groups, seed=config.seed))
    unit_of = _unit_of(groups, model.group_of)
    folds = [fold for question in questions for fold in question.folds(unit_of)]
    joint, *sums = run([JointFold(model=model), *folds])
    tested: list[Tested] = []
    for question in questions:
        own, sums = sums[: question.n_folds], sums[question.n_folds :]
        parts = [
            question.part(group, number, own, units=np.unique(unit_of[group.episodes]))
            for number, group in enumerate(groups)
        ]
        tested.append(
            Tested(parts=tuple(parts), model=question.model, is_rare=question.is_rare, name=question.redraw.name)
        )
    pair = np.ix_(places, places)
    together = (
        statistic(joint.score[number][pair], whitening(joint.variance[number][pair])) for number in range(len(groups))
    )
    return Study(agents=tested[0], roles=tested[1] if like is not None else None, together=tuple(together))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    """Who is asked about: agents, or roles."""

    model: Model | RoleModel
    places: IntArray
    is_rare: BoolArray
    redraw: RedrawFold

    @property
    def n_folds(self) -> int:
        return 3 if len(self.redraw.drawn) else 2

    def folds(self, unit_of: IntArray) -> list[Fold]:
        """Return what is read in the third pass."""
        always: list[Fold] = [ScoreFold(model=self.model), EffectFold(model=self.model, unit_of=unit_of)]
        return [*always, self.redraw][: self.n_folds]

    def part(self, group: Group, number: int, sums: Sequence[Any], *, units: IntArray) -> Part:
        """Return a run and checkpoint from the results of the folds."""
        scores, effects, *drawn = sums
        pair = np.ix_(self.places, self.places)
        by = whitening(scores.variance[number][pair])
        again = self.redraw.statistics(drawn[0], number, places=self.places, by=by) if drawn else None
        return Part(
            group=group,
            number=number,
            places=self.places,
            test=statistic(scores.score[number][pair], by, again),
            by=by,
            effects=effects,
            units=units,
            is_pair=~(np.eye(len(self.places), dtype=np.bool_) & isinstance(self.model, Model)),
        )


def _of_agents(model: Model, usage: Usage, places: IntArray, *, seed: int) -> _Question:
    return _question(model, usage.chance, places=places, name="draws", seed=seed)


def _of_roles(
    model: Model, usage: Usage, log: TrajectoryLog, *, places: IntArray, groups: Sequence[Group], seed: int
) -> _Question:
    n_roles = len(log.header.roles)
    roles = np.full(log.episodes.declared_roles.shape, -1)
    roles[:, places] = log.episodes.declared_roles[:, places]
    shares = [np.equal(roles[group.episodes][..., None], np.arange(n_roles)).mean(axis=0) for group in groups]
    chance = np.einsum("gn,gnr->gr", usage.chance, np.array(shares))
    of_roles = RoleModel(of_agents=model, roles=roles, n_roles=n_roles)
    return _question(of_roles, chance, places=np.arange(n_roles), name="role draws", seed=seed)


def _question(model: Model | RoleModel, chance: FloatArray, *, places: IntArray, name: str, seed: int) -> _Question:
    is_rare = np.asarray((chance > 0) & (chance < FEWEST_CHANCES))
    drawn = np.argwhere(is_rare & np.isin(np.arange(chance.shape[1]), places))
    redraw = RedrawFold(model=model, drawn=drawn, n_draws=N_DRAWS, seed=seed, name=name)
    return _Question(model=model, places=places, is_rare=is_rare, redraw=redraw)


def read_models(log: TrajectoryLog, usage: Usage, *, groups: Sequence[Group], run: Run) -> tuple[Model, Model | None]:
    """Read the log for what receivers' probabilities are told from, of agents and of roles.

    Parameters
    ----------
    log
        The log.
    usage
        Result of the first pass.
    groups
        Runs and checkpoints.
    run
        Reads the log.

    Returns
    -------
    Model
        Of agents.
    Model or None
        For roles, actions grouped alike for all agents; None without declared roles.
    """
    group_of, fields = group_of_each(groups, log.episodes.n_episodes), policy_fields(log.header)
    grouped = [usage.action_groups(), *([usage.action_groups(are_alike=True)] if log.header.roles else [])]
    shape = {"n_groups": len(groups), "n_agents": len(log.header.agents)}
    before = [BaselineFold(fields=fields, groups=actions, group_of=group_of, **shape) for actions in grouped]
    models = [
        Model(fields=fields, groups=actions, baseline=baseline, group_of=group_of)
        for actions, baseline in zip(grouped, run(before), strict=True)
    ]
    return models[0], models[1] if len(models) > 1 else None


def _unit_of(groups: Sequence[Group], group_of: IntArray) -> IntArray:
    unit_of = np.zeros(len(group_of), dtype=np.int64)
    first = 0
    for group in groups:
        n_units = min(len(group.episodes), MOST_UNITS)
        unit_of[group.episodes] = first + np.arange(len(group.episodes)) % n_units
        first += n_units
    return unit_of
