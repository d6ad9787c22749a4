"""The three passes of the residual test, and the figures of every run and checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.groups import Group, agent_places, episode_groups, group_of_each
from convscope.routing.estimate import Run
from convscope.routing.residual.baseline import BaselineFold
from convscope.routing.residual.evaluate import Statistic, statistic, whitening
from convscope.routing.residual.reading import policy_fields
from convscope.routing.residual.scores import ScoreFold, Scores
from convscope.routing.residual.usage import Usage, UsageFold
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTION_LOGITS, ACTION_PROBABILITIES
from convscope.values.log import TrajectoryLog

N_DRAWS = 999
"""Times that actions are drawn again."""
FEWEST_CHANCES = 2_000
"""Under so many steps at which two draws of the sender would differ, actions are drawn again instead of trusting the
chi-square distribution."""
MOST_UNITS = 128
"""Episodes of a run beyond this number share their scores in units."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One run and checkpoint, the analysed agents alone."""

    group: Group
    test: Statistic
    """Shape (receiver, sender)."""
    together: Statistic
    """Of same-step dice, shape (first, second)."""
    n_steps: FloatArray
    """Shape (receiver, sender)."""
    mass: FloatArray
    """Exploration mass of each sender: how often two draws of its action would differ, shape (N,)."""
    units: FloatArray
    """Score of each unit on the scale of the test, shape (U, receiver, sender, k)."""

    @property
    def weight(self) -> FloatArray:
        """Bits per step, less the bias, shape (receiver, sender); NaN on the diagonal and where nothing was tested."""
        return bits(self.test.value, self.test.n_dimensions, self.n_steps)


def bits(value: FloatArray, n_dimensions: FloatArray, n_steps: FloatArray) -> FloatArray:
    """Return the information that a sender's dice carry about the receiver's next choice, to first order.

    Parameters
    ----------
    value, n_dimensions
        Of the statistic.
    n_steps
        Behind it.
    """
    gain = (value - n_dimensions) / (2 * np.maximum(n_steps, 1) * np.log(2))
    is_tested = (n_dimensions > 0) & (n_steps > 0) & ~np.eye(len(value), dtype=np.bool_)
    return np.where(is_tested, gain, np.nan)


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


def read_parts(
    log: TrajectoryLog, usage: Usage, *, config: AnalysisConfig, agents: Sequence[str], run: Run
) -> tuple[Part, ...]:
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
    groups = episode_groups(log, config)
    group_of = group_of_each(groups, log.episodes.n_episodes)
    fields, actions = usage_fold(log, config).fields, usage.action_groups()
    before = BaselineFold(
        fields=fields, groups=actions, group_of=group_of, n_groups=len(groups), n_agents=len(log.header.agents)
    )
    (baseline,) = run([before])
    is_drawn = (usage.chance > 0) & (usage.chance < FEWEST_CHANCES)
    fold = ScoreFold(
        fields=fields,
        groups=actions,
        baseline=baseline,
        group_of=group_of,
        unit_of=_unit_of(groups, group_of),
        is_drawn=is_drawn,
        n_draws=N_DRAWS,
        seed=config.seed,
    )
    (scores,) = run([fold])
    places = agent_places(log, agents)
    return tuple(
        _part(group, number, scores, usage=usage, units=np.unique(fold.unit_of[group.episodes]), places=places)
        for number, group in enumerate(groups)
    )


def _part(group: Group, number: int, scores: Scores, *, usage: Usage, units: IntArray, places: IntArray) -> Part:
    receiver, sender = np.ix_(places, places)
    by = whitening(scores.variance[number][receiver, sender])
    apart = whitening(scores.together_variance[number][receiver, sender])
    of_units = scores.score[units][:, receiver, sender]
    return Part(
        group=group,
        test=statistic(of_units.sum(axis=0), by, scores.drawn[:, number][:, receiver, sender]),
        together=statistic(scores.together[number][receiver, sender], apart),
        n_steps=scores.n_steps[number][receiver, sender],
        mass=(usage.chance[number] / np.maximum(usage.n_known[number], 1))[places],
        units=by.turn(of_units),
    )


def _unit_of(groups: Sequence[Group], group_of: IntArray) -> IntArray:
    unit_of = np.zeros(len(group_of), dtype=np.int64)
    first = 0
    for group in groups:
        n_units = min(len(group.episodes), MOST_UNITS)
        unit_of[group.episodes] = first + np.arange(len(group.episodes)) % n_units
        first += n_units
    return unit_of
