"""Role preference: how receiving roles divide what they draw on among sending roles."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.figures import figure
from convscope.values.header import Notice
from convscope.values.html import Html, box, table

_MOST_STEPS = 2_000
_SMALL_STEP = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RolePreference:
    """How each receiving role divides its routing over sending roles, whatever the team's composition."""

    roles: tuple[str, ...]
    runs: tuple[str, ...]
    per_run: FloatArray
    """P of each run, shape (S, R, R), row = receiving role, rows sum to 1; NaN = blank (nothing to identify)."""
    mass: FloatArray
    """Routed mass of each run by role pair, shape (S, R, R); reported, never scored."""
    notices: tuple[Notice, ...] = ()
    """Fits that did not converge."""

    @property
    def matrix(self) -> FloatArray:
        """Mean of P over runs, shape (R, R), rows sum to 1; NaN where no run identifies the cell."""
        return mean_preference(self.per_run)

    def _repr_html_(self) -> Html:
        rows = [(role, *map(figure, row)) for role, row in zip(self.roles, self.matrix.tolist(), strict=True)]
        return box("Role preference", table("Row = receiving role, mean over runs", ("receiver", *self.roles), rows))


def mean_preference(per_run: FloatArray) -> FloatArray:
    """Return the preference that runs share on average, though each may identify cells of its own.

    Where a row's cells are the same in all runs it is their mean. Else a run's shares are those of the common
    preference over its own cells, and the common one is that under which they are so on average: as in the choice model
    itself, the odds of two cells do not depend on a third. Where no run links some cells of a row with the others,
    their odds are unknown, and the row is blank.

    Parameters
    ----------
    per_run
        Shape (S, R, R); NaN = blank.

    Returns
    -------
    FloatArray
        Shape (R, R), rows sum to 1; NaN where no run identifies the cell, or its odds.

    References
    ----------
    Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of Statistics 32 (2004).
    """
    known = np.isfinite(per_run)
    total = np.where(known, per_run, 0.0).sum(axis=0)
    n_runs = known.sum(axis=0)
    is_seen = n_runs > 0
    mean = np.divide(total, n_runs, out=np.full(total.shape, np.nan), where=is_seen)
    counted = known.any(axis=2).sum(axis=0)[:, None]
    is_mixed = ((n_runs != counted) & is_seen).any(axis=1)
    if is_mixed.any():
        mean[is_mixed] = np.where(is_seen, _common(known, total), np.nan)[is_mixed]
    mean[~are_linked(per_run)] = np.nan
    return np.asarray(mean)


def are_linked(per_run: FloatArray) -> BoolArray:
    """Return of each row whether runs link all of its cells, so that the odds of any two can be told, shape (R,).

    Parameters
    ----------
    per_run
        As in `mean_preference`.
    """
    known = np.isfinite(per_run)
    together = np.einsum("sra,srb->rab", known, known, dtype=np.int64) > 0
    n_seen = known.any(axis=0).sum(axis=1)
    # Each cell that no run identifies is a group of its own.
    n_groups = np.array([connected_components(links, directed=False)[0] for links in together])
    return np.asarray(n_groups - (known.shape[2] - n_seen) <= 1)


def _common(known: BoolArray, total: FloatArray) -> FloatArray:
    common = known.any(axis=0).astype(np.float64)
    for _ in range(_MOST_STEPS):
        sums = (known * common).sum(axis=2, keepdims=True)
        weight = np.divide(known, sums, out=np.zeros(known.shape), where=sums > 0).sum(axis=0)
        moved = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        sums = moved.sum(axis=1, keepdims=True)
        moved = np.divide(moved, sums, out=np.zeros_like(moved), where=sums > 0)
        change = float(np.abs(moved - common).max(initial=0.0))
        common = moved
        if change < _SMALL_STEP:
            break
    return np.asarray(common)
