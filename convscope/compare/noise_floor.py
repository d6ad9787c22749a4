"""How far a preference moves by the luck of which episodes were logged."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.divergence import conditioned, row_divergence
from convscope.routing.preference import role_preference
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.header import Notice
from convscope.values.routing import RoutingTallies


def noise_floor(
    halves: Sequence[tuple[RoutingTallies, RoutingTallies]],
    roles: tuple[str, ...],
    *,
    cells: BoolArray,
    is_used: BoolArray,
) -> tuple[FloatArray, tuple[Notice, ...]]:
    """Return the noise floor f of each run and row (docs/gap.md).

    One quarter of the divergence between the preferences of two halves of the episodes, averaged over splits. Each half
    has twice the variance of the whole, their difference four times, and the divergence grows with the square.

    Parameters
    ----------
    halves
        Random halves of the episodes, several times over.
    roles
        Names of the roles.
    cells
        Cells to compare, shape (R, R).
    is_used
        Runs to keep.

    Returns
    -------
    FloatArray
        Bits, shape (S, R); 0 where no split says anything (a run of a single episode), which a notice tells.
    """
    n_runs, n_roles = int(is_used.sum()), len(roles)
    splits = [
        row_divergence(*(conditioned(role_preference(half, roles).per_run[is_used], cells) for half in pair))
        for pair in halves
    ]
    stacked = np.array(splits).reshape(len(splits), n_runs, n_roles)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    n_known = known.sum(axis=0)
    floor = total / np.maximum(n_known, 1) / 4
    has_floor = bool((n_known > 0)[:, cells.sum(axis=1) >= 2].all())
    return floor, () if has_floor else (_NO_FLOOR,)


_NO_FLOOR = Notice(
    code="no-noise-floor",
    message="Some runs have too few episodes to halve: no noise is taken off their gap, which is then too large.",
    where="gap.alignment",
)
