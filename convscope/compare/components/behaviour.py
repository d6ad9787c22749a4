"""Behaviour: whether the declared expectations of behaviour hold."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.compare.behaviour_null import behaviour_outcome
from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, share_words, unscored
from convscope.compare.standardised import moments_of, standardised_effect
from convscope.randomness import generator
from convscope.routing.intervals import FEWEST_RUNS, Interval, percentiles, student_t
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Component
from convscope.values.prior import BehaviourExpectation

Parts = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An expectation with what the runs show of it."""

    expectation: BehaviourExpectation
    effect: float
    """Mean over runs, in pooled standard deviations."""
    by_run: Parts
    interval: Interval | None

    @property
    def is_decided(self) -> bool:
        """Whether the interval is clear of 0."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)

    @property
    def holds(self) -> bool:
        """Whether the effect is shown to have the declared sign."""
        return self.is_decided and (self.effect > 0) == self.expectation.is_high

    @property
    def name(self) -> str:
        """What is expected, in words."""
        wanted = "high" if self.expectation.is_high else "low"
        return f"{self.expectation.role}: {self.expectation.feature} {wanted}, effect"

    @property
    def parts(self) -> Parts:
        """Effect and interval with their names."""
        what = self.name
        ends = () if self.interval is None else zip((f"{what}, low", f"{what}, high"), self.interval, strict=True)
        return ((what, self.effect), *ends)


def score_behaviour(comparison: Comparison, name: str) -> Component:
    """Share of the declared expectations of behaviour that are not shown to hold (docs/gap.md).

    Each is measured against the units of the other declared roles: difference of means in pooled standard deviations,
    mean over runs. It holds when the interval of the difference is clear of 0 on the declared side: Student-t from
    three runs on, else whole episodes drawn with replacement. Contradicted and undecided ones are counted apart.
    Expectations whose feature or units the log lacks are left out. The p relabels agents within each run.
    """
    frame = comparison.roles.of_analysed(comparison.features.frame).filter(pl.col("declared_role").is_not_null())
    names = {feature.name for feature in comparison.features.features}
    stated = comparison.prior.behaviours
    found = [_measured(frame, each, comparison.config) for each in stated if each.feature in names]
    measured = [each for each in found if each is not None]
    if not measured:
        return unscored(name, "no feature that they name can be measured" if stated else "no behaviour is declared")
    n_hold = sum(each.holds for each in measured)
    n_undecided = sum(not each.is_decided for each in measured)
    test = behaviour_outcome(frame, [each.expectation for each in measured], comparison.config)
    return Component(
        name=name,
        value=1 - n_hold / len(measured),
        p_value=test.p_value if test else None,
        attainable_p=test.attainable_p if test else None,
        scorable=True,
        parts=(
            *((("effect in the declared direction, mean", test.statistic),) if test else ()),
            ("expectations left out", float(len(stated) - len(measured))),
            ("expectations contradicted", float(len(measured) - n_hold - n_undecided)),
            ("expectations undecided", float(n_undecided)),
            *(part for each in measured for part in each.parts),
        ),
        parts_by_run=tuple((each.name, each.by_run) for each in measured),
    )


def _measured(frame: pl.DataFrame, expectation: BehaviourExpectation, config: AnalysisConfig) -> Measured | None:
    """Return the effect over the runs that have two units with and two without the role; None without such runs."""
    found = [(str(run["run"][0]), _moments(run, expectation)) for run in frame.partition_by("run", maintain_order=True)]
    runs = [(name, moments) for name, moments in found if (moments[..., 0].sum(axis=0) >= 2).all()]
    if not runs:
        return None
    by_run = tuple((name, float(standardised_effect(moments.sum(axis=0)))) for name, moments in runs)
    effects = np.array([effect for _, effect in by_run])
    interval = student_t(effects)
    if len(runs) < FEWEST_RUNS and all(len(moments) > 1 for _, moments in runs):
        what = (expectation.role, expectation.feature)
        rngs = [generator(config.seed, "gap", "behaviour", *what, name) for name, _ in runs]
        draws = [
            _resampled(moments, n_draws=config.n_permutations, rng=rng)
            for (_, moments), rng in zip(runs, rngs, strict=True)
        ]
        interval = percentiles(np.mean(draws, axis=0))
    return Measured(expectation=expectation, effect=float(effects.mean()), by_run=by_run, interval=interval)


def _moments(run: pl.DataFrame, expectation: BehaviourExpectation) -> FloatArray:
    """Return count, sum and sum of squares of each episode's units with and without the role, shape (E, 2, 3)."""
    is_role = (run["declared_role"] == expectation.role).to_numpy()
    episodes, episode = np.unique(run["episode"].to_numpy(), return_inverse=True)
    found = moments_of(run[expectation.feature], 2 * episode + np.where(is_role, 0, 1), 2 * len(episodes))
    return found.reshape(len(episodes), 2, 3)


def _resampled(moments: FloatArray, *, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return the effect in whole episodes drawn with replacement, shape (B,)."""
    times = rng.multinomial(len(moments), np.full(len(moments), 1 / len(moments)), size=n_draws)
    return standardised_effect(np.tensordot(times.astype(np.float64), moments, axes=1))


def _words(component: Component) -> str:
    return f"{share_words(component.value)} of the declared behaviour is not shown to hold."


BEHAVIOUR = GapComponent(name="behaviour", score=score_behaviour, words=_words)
