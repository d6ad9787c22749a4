"""Declared statements of order, such as: an archer attends to knights more than to archers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.compare.joint import RelabelledRuns
from convscope.compare.scores import Scores
from convscope.values.arrays import FloatArray
from convscope.values.chance import TIE, at_least
from convscope.values.prior import OrderStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Declared statements of order."""

    share: float
    """Share that hold in the mean of P over runs."""
    p_value: float
    """Chance that as many hold under relabelling of the agents within each run."""


def order_outcome(orders: Sequence[OrderStatement], scores: Scores, relabelled: RelabelledRuns) -> Order | None:
    """Count the statements of order that hold, and test that count; None when no statement can be checked."""
    stated = [
        (scores.roles.index(order.receiver), [scores.roles.index(role) for role in order.roles])
        for order in orders
        if {order.receiver, *order.roles} <= set(scores.roles)
    ]
    checked = [(row, columns) for row, columns in stated if scores.cells[row, columns].all()]
    if not checked:
        return None
    share = float(_share_in_order(scores.learned.mean(axis=0)[None], checked)[0])
    shares = _share_in_order(relabelled.mean_preference(scores.cells), checked)
    p_value = relabelled.joint.p_value(at_least(share, shares))
    return Order(share=share, p_value=p_value)


def _share_in_order(preference: FloatArray, stated: Sequence[tuple[int, list[int]]]) -> FloatArray:
    """Return the share of statements that hold, shape (B,); equal but for rounding is no order."""
    holds = [(np.diff(preference[:, row][:, columns], axis=1) < -TIE).all(axis=1) for row, columns in stated]
    return np.asarray(np.mean(holds, axis=0))
