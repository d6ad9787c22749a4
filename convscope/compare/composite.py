"""One figure of three components, with weights that were declared before the results were seen."""

import numpy as np

from convscope.routing.intervals import OVER_RUNS, student_t
from convscope.values.gap import Component
from convscope.values.header import Notice
from convscope.values.prior import CompositeWeights

PARTS = {"alignment": "alignment", "recovery": "recovery", "instability": "stability"}
"""Names of the weights, and the components that they weigh."""


def composite(components: tuple[Component, ...], weights: CompositeWeights) -> tuple[Component | None, str]:
    """Return the composite, or why it is withheld (docs/gap.md).

    For each run the weighted mean of its components, each of them cut to 0..1; then mean and Student-t interval over
    runs. It is withheld, never re-weighted, if a component with a weight has no value in one of the runs.
    """
    share_of = weights.shares
    parts = [(share_of[name], _component(components, part)) for name, part in PARTS.items() if share_of[name] > 0]
    for _, part in parts:
        if part.value is None:
            return None, f"{part.name} cannot be scored ({part.why})"
    runs = tuple(dict.fromkeys(run for _, part in parts for run, _ in part.per_run))
    for _, part in parts:
        missing = [run for run in runs if run not in dict(part.per_run)]
        if missing or not part.per_run:
            return None, f"{part.name} has no value in {f'run {missing[0]}' if missing else 'any run'}"
    per_run = [sum(share * min(1.0, max(0.0, dict(part.per_run)[run])) for share, part in parts) for run in runs]
    values = np.array(per_run)
    interval = student_t(values)
    found = Component(
        name="composite",
        value=float(values.mean()),
        interval=None if interval is None else (max(0.0, interval[0]), min(1.0, interval[1])),
        interval_kind=None if interval is None else OVER_RUNS,
        scorable=True,
        parts=tuple((f"weight of {name}", share) for name, share in share_of.items()),
        per_run=tuple(zip(runs, per_run, strict=True)),
    )
    return found, ""


def withheld(why: str) -> Notice:
    """Return what must be said where there is no composite."""
    message = f"The composite is withheld, never re-weighted: {why}."
    return Notice(code="not-applicable", message=message, where="gap.composite")


def _component(components: tuple[Component, ...], name: str) -> Component:
    return next(component for component in components if component.name == name)
