"""The three passes of the residual test, and the figures of every run and checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.groups import Group, agent_places, episode_groups, group_of_each
from convscope.routing.estimate import Run
from convscope.routing.residual.baseline import BaselineFold
from convscope.routing.residual.effect import MOST_UNITS, EffectFold, Effects, squared_share
from convscope.routing.residual.evaluate import Statistic, Whitening, statistic, whitening
from convscope.routing.residual.model import Model
from convscope.routing.residual.reading import policy_fields
from convscope.routing.residual.redraw import RedrawFold
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
    """One run and checkpoint, the analysed agents alone."""

    group: Group
    number: int
    """Of the run and checkpoint."""
    places: IntArray
    """Of the analysed agents in the log's agent axis."""
    test: Statistic
    """Shape (receiver, sender)."""
    by: Whitening
    """Of the test's scores."""
    together: Statistic
    """Of same-step dice, shape (first, second)."""
    mass: FloatArray
    """Exploration mass of each sender: how often two draws of its action would differ, shape (N,)."""
    effects: Effects
    """Of all agents, runs and checkpoints."""
    units: IntArray
    """Of these, those of this run and checkpoint."""

    @property
    def squares(self) -> FloatArray:
        """`squared_share` of all episodes, shape (receiver, sender)."""
        return self.squares_of(self.units)

    def squares_of(self, units: IntArray) -> FloatArray:
        """Return the same from some of the units."""
        of_all = squared_share(self.effects, self.number, units=units, share=len(units) / len(self.units))
        return of_all[np.ix_(self.places, self.places)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """All runs and checkpoints, and what more draws need."""

    parts: tuple[Part, ...]
    model: Model
    is_rare: BoolArray
    """Whether a sender's chance is so rare that its actions are drawn again, shape (G, N)."""


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
    model = _model(log, usage, groups=groups, run=run)
    is_rare = (usage.chance > 0) & (usage.chance < FEWEST_CHANCES)
    pairs = [(number, place) for number in range(len(groups)) for place in places.tolist() if is_rare[number, place]]
    redraw = RedrawFold(
        model=model, drawn=np.array(pairs).reshape(-1, 2), n_draws=N_DRAWS, seed=config.seed, name="draws"
    )
    unit_of = _unit_of(groups, model.group_of)
    effect_fold = EffectFold(model=model, unit_of=unit_of)
    scores, effects, *drawn = run([ScoreFold(model=model), effect_fold, *([redraw] if pairs else [])])
    own = np.ix_(places, places)
    parts: list[Part] = []
    for number, group in enumerate(groups):
        by = whitening(scores.variance[number][own])
        again = redraw.statistics(drawn[0], number, places=places, by=by) if drawn else None
        apart = whitening(scores.together_variance[number][own])
        parts.append(
            Part(
                group=group,
                number=number,
                places=places,
                test=statistic(scores.score[number][own], by, again),
                by=by,
                together=statistic(scores.together[number][own], apart),
                mass=(usage.chance[number] / np.maximum(usage.n_known[number], 1))[places],
                effects=effects,
                units=np.unique(unit_of[group.episodes]),
            )
        )
    return Study(parts=tuple(parts), model=model, is_rare=is_rare)


def _model(log: TrajectoryLog, usage: Usage, *, groups: Sequence[Group], run: Run) -> Model:
    group_of, fields, actions = (
        group_of_each(groups, log.episodes.n_episodes),
        policy_fields(log.header),
        usage.action_groups(),
    )
    before = BaselineFold(
        fields=fields, groups=actions, group_of=group_of, n_groups=len(groups), n_agents=len(log.header.agents)
    )
    (baseline,) = run([before])
    return Model(fields=fields, groups=actions, baseline=baseline, group_of=group_of)


def _unit_of(groups: Sequence[Group], group_of: IntArray) -> IntArray:
    unit_of = np.zeros(len(group_of), dtype=np.int64)
    first = 0
    for group in groups:
        n_units = min(len(group.episodes), MOST_UNITS)
        unit_of[group.episodes] = first + np.arange(len(group.episodes)) % n_units
        first += n_units
    return unit_of
