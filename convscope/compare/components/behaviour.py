"""Behaviour: whether the declared expectations of behaviour hold."""

import numpy as np
import polars as pl

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, unscored
from convscope.compare.intervals import student_t
from convscope.values.arrays import FloatArray
from convscope.values.gap import Component
from convscope.values.prior import BehaviourExpectation

Parts = tuple[tuple[str, float], ...]


def score_behaviour(comparison: Comparison, name: str) -> Component:
    """Share of the declared expectations of behaviour that do not hold (docs/gap.md).

    Each is measured against the units of the other declared roles: difference of means in pooled standard deviations,
    mean over runs, with a Student-t interval from three runs on. It holds when the difference has the declared sign.
    Expectations whose feature or units the log lacks are left out.
    """
    frame = comparison.roles.of_analysed(comparison.features.frame).filter(pl.col("declared_role").is_not_null())
    names = {feature.name for feature in comparison.features.features}
    measured = [
        (each, effects)
        for each in comparison.prior.behaviours
        if each.feature in names and len(effects := _effects(frame, each))
    ]
    if not measured:
        stated = comparison.prior.behaviours
        return unscored(name, "no feature that they name can be measured" if stated else "no behaviour is declared")
    holds = [bool((float(effects.mean()) > 0) == each.is_high and effects.mean() != 0) for each, effects in measured]
    parts = tuple(part for each, effects in measured for part in _parts(each, effects))
    left_out = float(len(comparison.prior.behaviours) - len(measured))
    return Component(
        name=name,
        value=1 - sum(holds) / len(holds),
        scorable=True,
        parts=(("expectations left out", left_out), *parts),
    )


def _effects(frame: pl.DataFrame, expectation: BehaviourExpectation) -> FloatArray:
    """Return the effect in each run that has two units with and two without the role."""
    found: list[float] = []
    for run in frame.partition_by("run", maintain_order=True):
        values = run[expectation.feature].cast(pl.Float64).fill_null(np.nan).to_numpy()
        is_role = (run["declared_role"] == expectation.role).to_numpy()
        role, others = (part[np.isfinite(part)] for part in (values[is_role], values[~is_role]))
        if min(len(role), len(others)) < 2:
            continue
        pooled = np.sqrt(
            ((len(role) - 1) * role.var(ddof=1) + (len(others) - 1) * others.var(ddof=1))
            / (len(role) + len(others) - 2)
        )
        difference = float(role.mean() - others.mean())
        # Units that never vary have no spread to count in: only the sign is known.
        found.append(difference / float(pooled) if pooled > 0 else float(np.sign(difference)))
    return np.array(found)


def _parts(expectation: BehaviourExpectation, effects: FloatArray) -> Parts:
    wanted = "high" if expectation.is_high else "low"
    what = f"{expectation.role}: {expectation.feature} {wanted}"
    interval = student_t(effects)
    ends = () if interval is None else ((f"{what}, effect, low", interval[0]), (f"{what}, effect, high", interval[1]))
    return ((f"{what}, effect", float(effects.mean())), *ends)


BEHAVIOUR = GapComponent(name="behaviour", score=score_behaviour)
