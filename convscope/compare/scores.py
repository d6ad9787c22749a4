"""The learned preference of each run held against the declared one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.compare.noise_floor import noise_floor
from convscope.routing.divergence import conditioned, even, mean_divergence, row_divergence, row_mean
from convscope.values.arrays import BoolArray, FloatArray, sealed
from convscope.values.header import Notice
from convscope.values.preference import RolePreference
from convscope.values.prior import RolePrior
from convscope.values.routing import RoutingTallies

FLAT_ROW = 0.01
"""Declared rows less sharp than this, in bits, are nearly even: no data could tell them from a role-blind team."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """All that the components and tests need of P and Q. S runs, R roles."""

    roles: tuple[str, ...]
    runs: tuple[str, ...]
    """Runs in which any role has a choice."""
    learned: FloatArray
    """P of each run over the cells that every run identifies, shape (S, R, R); NaN elsewhere."""
    declared: FloatArray
    """Q over the same cells, shape (R, R); NaN where undeclared, don't-care or blank."""
    target: FloatArray
    """Q of the scorable rows, shape (R, R); NaN elsewhere."""
    floor: FloatArray
    """Noise floor of each run and row, in bits, shape (S, R)."""
    notices: tuple[Notice, ...]
    """Runs and rows that were left out."""

    def __post_init__(self) -> None:
        n_runs, n_roles = len(self.runs), len(self.roles)
        object.__setattr__(self, "learned", sealed(self.learned, (n_runs, n_roles, n_roles), "learned"))
        object.__setattr__(self, "declared", sealed(self.declared, (n_roles, n_roles), "declared"))
        object.__setattr__(self, "target", sealed(self.target, (n_roles, n_roles), "target"))
        object.__setattr__(self, "floor", sealed(self.floor, (n_runs, n_roles), "floor"))

    @property
    def cells(self) -> BoolArray:
        """Cells that every run identifies, shape (R, R)."""
        return np.asarray(np.isfinite(self.learned).all(axis=0))

    @property
    def blind(self) -> FloatArray:
        """Role-blind preference u over the scored cells, shape (R, R)."""
        return even(np.isfinite(self.target))

    @property
    def is_scorable(self) -> bool:
        """Whether any row can be scored against the prior."""
        return bool(self.runs) and bool(np.isfinite(self.target).any())

    @property
    def anchor(self) -> float:
        """T_U in bits: distance from the prior to a role-blind team."""
        return float(mean_divergence(self.blind, self.target))

    @property
    def distance(self) -> FloatArray:
        """T of each run in bits, shape (S,)."""
        return mean_divergence(self.learned, self.target)

    @property
    def run_floor(self) -> FloatArray:
        """Noise floor f of each run over the scored rows, in bits, shape (S,)."""
        return row_mean(np.where(np.isfinite(self.target).any(axis=1), self.floor, np.nan))

    @property
    def gap(self) -> FloatArray:
        """Alignment gap g of each run, shape (S,): 0 = as declared, 1 = as far as a role-blind team, unclipped."""
        return gap_of(self.distance, self.run_floor, self.anchor)


def gap_of(distance: FloatArray, floor: FloatArray, anchor: float) -> FloatArray:
    """Return g = sqrt(max(0, T - f) / T_U), all in bits."""
    return np.asarray(np.sqrt(np.maximum(0.0, distance - floor) / anchor))


def score(
    prior: RolePrior, preference: RolePreference, halves: Sequence[tuple[RoutingTallies, RoutingTallies]]
) -> Scores:
    """Hold each run's preference against the prior, on the cells that can be compared.

    Parameters
    ----------
    prior
        Roles are matched with those of the preference by name.
    preference
        What was learned.
    halves
        Tallies of random halves of the episodes; the noise floor comes from these.
    """
    known = np.isfinite(preference.per_run)
    is_used: BoolArray = np.asarray(known.any(axis=(1, 2)))
    cells: BoolArray = np.asarray(known[is_used].all(axis=0) & is_used.any())
    learned = conditioned(preference.per_run[is_used], cells)
    declared = conditioned(_by_role(prior, preference.roles), cells & np.isfinite(learned).all(axis=0))
    floor, floor_notices = noise_floor(halves, preference.roles, cells=cells, is_used=is_used)
    target, row_notices = _scorable_rows(declared, floor, preference.roles)
    return Scores(
        roles=preference.roles,
        runs=tuple(run for run, used in zip(preference.runs, is_used.tolist(), strict=True) if used),
        learned=learned,
        declared=declared,
        target=target,
        floor=floor,
        notices=(
            *preference.notices,
            *_lost(preference, is_used, cells),
            *floor_notices,
            *(row_notices if prior.preference is not None else ()),
        ),
    )


def _by_role(prior: RolePrior, roles: tuple[str, ...]) -> FloatArray:
    """Return Q in the order of other roles; NaN for roles that the prior does not know."""
    found = np.full((len(roles), len(roles)), np.nan)
    if prior.preference is None:
        return found
    shared = [role for role in roles if role in prior.roles]
    here, there = [roles.index(role) for role in shared], [prior.roles.index(role) for role in shared]
    found[np.ix_(here, here)] = prior.preference[np.ix_(there, there)]
    return found


def _scorable_rows(
    declared: FloatArray, floor: FloatArray, roles: tuple[str, ...]
) -> tuple[FloatArray, tuple[Notice, ...]]:
    sharpness = row_divergence(even(np.isfinite(declared)), declared)
    row_floor = floor.mean(axis=0) if len(floor) else np.zeros(len(roles))
    is_scored = np.isfinite(sharpness) & (sharpness >= np.maximum(FLAT_ROW, row_floor))
    notices = tuple(
        _row_notice(role, float(sharpness[row]), float(row_floor[row]))
        for row, role in enumerate(roles)
        if not is_scored[row]
    )
    return np.where(is_scored[:, None], declared, np.nan), notices


def _row_notice(role: str, sharpness: float, floor: float) -> Notice:
    if not np.isfinite(sharpness):
        why = "fewer than two of its declared cells can be identified"
    elif sharpness < FLAT_ROW:
        why = f"it is declared nearly even ({sharpness:.4f} bit from even, {FLAT_ROW} needed)"
    else:
        why = f"its sharpness ({sharpness:.4f} bit) is below the noise floor ({floor:.4f} bit)"
    return Notice(code="row-not-scorable", message=f"The row of {role} is not scored: {why}.", where="gap.alignment")


def _lost(preference: RolePreference, is_used: BoolArray, cells: BoolArray) -> tuple[Notice, ...]:
    lost = [run for run, used in zip(preference.runs, is_used.tolist(), strict=True) if not used]
    notices = [
        Notice(code="run-without-choices", message=f"No role has a choice in run {run}.", where="gap") for run in lost
    ]
    some = np.isfinite(preference.per_run).any(axis=0) & ~cells
    if some.any():
        message = f"{int(some.sum())} cells of the role preference are blank in some runs and left out in all."
        notices.append(Notice(code="cells-left-out", message=message, where="gap.alignment"))
    return tuple(notices)
