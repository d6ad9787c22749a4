"""Where things are in a design's Gram matrix."""

from collections.abc import Callable

import numpy as np

from convscope.routing.predictive.columns import OWN_KINDS, TARGET_KINDS, Column
from convscope.routing.predictive.plan import Design, Plan
from convscope.values.arrays import IntArray


def outcome_places(plan: Plan, design: Design, agent: int) -> IntArray:
    """Return the places of what an agent does now."""
    return _places(plan, design, lambda column, lag: lag == 0 and column.agent == agent and column.kind in TARGET_KINDS)


def own_places(plan: Plan, design: Design, agent: int, *, lag: int) -> IntArray:
    """Return the places of an agent's own past, back to a lag."""
    return _places(
        plan, design, lambda column, at: 0 < at <= lag and column.agent == agent and column.kind in OWN_KINDS
    )


def regressor_places(plan: Plan, design: Design, *, lag: int) -> IntArray:
    """Return the places of everything that may predict: all pasts back to a lag, and the conditions."""
    return _places(
        plan,
        design,
        lambda column, at: 0 < at <= lag if column.kind in OWN_KINDS else True,
    )


def _places(plan: Plan, design: Design, is_wanted: Callable[[Column, int], bool]) -> IntArray:
    cells = zip(design.column.tolist(), design.lag.tolist(), strict=True)
    return np.array(
        [p for p, (column, lag) in enumerate(cells) if is_wanted(plan.columns[column], lag)], dtype=np.int64
    )
