"""Declared edges between roles that must be there, or must not."""

from collections.abc import Sequence

import numpy as np

from convscope.compare.joint import RelabelledRuns
from convscope.compare.orders import Order
from convscope.compare.scores import Scores
from convscope.routing.divergence import conditioned
from convscope.values.arrays import FloatArray
from convscope.values.chance import TIE, at_least
from convscope.values.prior import EdgeStatement


def edge_outcome(edges: Sequence[EdgeStatement], scores: Scores, relabelled: RelabelledRuns) -> Order | None:
    """Count the required and forbidden edges that hold, mean over runs, and test that share; None when none is seen.

    A required edge holds where it has more than the even share over the receiver's cells that can be identified, a
    forbidden one where it has less.
    """
    stated = [
        (scores.roles.index(edge.receiver), scores.roles.index(edge.sender), 1 if edge.is_required else -1)
        for edge in edges
        if {edge.receiver, edge.sender} <= set(scores.roles)
    ]
    checked = [edge for edge in stated if scores.cells[edge[0], edge[1]]]
    if not checked:
        return None
    # Run by run: signs of a mean over relabelled runs keep the symmetries of a prior, and more runs would tell less.
    share = float(_share_holding(scores.learned, checked).mean())
    shares = relabelled.joint.mean_of(
        [_share_holding(conditioned(run.preference, scores.cells), checked) for run in relabelled.runs]
    )
    return Order(share=share, p_value=relabelled.joint.p_value(at_least(share, shares)))


def _share_holding(preference: FloatArray, stated: Sequence[tuple[int, int, int]]) -> FloatArray:
    """Return the share of edges that hold, shape (B,); an even share but for rounding holds neither way."""
    even = 1 / np.maximum(np.isfinite(preference).sum(axis=2), 1)
    holds = [sign * (preference[:, row, column] - even[:, row]) > TIE for row, column, sign in stated]
    return np.asarray(np.mean(holds, axis=0))
