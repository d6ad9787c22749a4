"""What the preference of a run would be, had its agents held each other's roles."""

from dataclasses import dataclass

import numpy as np

from convscope.compare.relabelling import Relabellings, relabellings
from convscope.routing.choice_model import collapse, fit
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.routing import RoutingTallies

_CHUNK_CELLS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelabelledRun:
    """One run under relabelling."""

    relabellings: Relabellings
    preference: FloatArray
    """P under each relabelling, the declared roles first, shape (L, R, R); NaN = blank."""

    def __post_init__(self) -> None:
        n_labels, n_roles = self.preference.shape[:2]
        object.__setattr__(self, "preference", sealed(self.preference, (n_labels, n_roles, n_roles), "preference"))


def relabelled_run(tallies: RoutingTallies, *, n_roles: int, n_draws: int, rng: np.random.Generator) -> RelabelledRun:
    """Fit the preference of a run under each relabelling of its agents.

    Parameters
    ----------
    tallies
        Rows of one run.
    n_roles, n_draws, rng
        As in `relabellings`.
    """
    unit, roles, is_present = _units(tallies)
    receiver, valid, mass = tallies.receiver, tallies.valid, np.where(tallies.valid, tallies.mass, 0.0)
    found = relabellings(roles, is_present, n_roles=n_roles, n_draws=n_draws, rng=rng)
    if found.labels.shape[1] == 1:
        receiver, valid, mass = _summed(receiver, valid, mass)
        unit = np.zeros(len(receiver), dtype=np.int64)
    chunk = max(1, _CHUNK_CELLS // max(1, valid.size))
    parts = [
        _preferences(found.labels[start : start + chunk][:, unit], n_roles, receiver=receiver, valid=valid, mass=mass)
        for start in range(0, len(found.labels), chunk)
    ]
    return RelabelledRun(relabellings=found, preference=np.concatenate(parts))


def _units(tallies: RoutingTallies) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the episode of each row, and who holds which role and takes part in each episode, (U, N)."""
    units, unit = np.unique(tallies.unit, return_inverse=True)
    roles = np.full((len(units), tallies.valid.shape[1]), -1)
    roles[unit] = tallies.roles
    is_present = np.zeros(roles.shape, dtype=np.bool_)
    np.logical_or.at(is_present, unit, tallies.valid)
    is_present[unit, tallies.receiver] = True
    return unit, roles, is_present


def _summed(receiver: IntArray, valid: BoolArray, mass: FloatArray) -> tuple[IntArray, BoolArray, FloatArray]:
    """Sum rows of one receiver and one set of valid senders: with fixed roles episodes need not be told apart."""
    keys = np.column_stack([receiver, np.packbits(valid, axis=1)])
    _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    summed = np.zeros((len(first), valid.shape[1]))
    np.add.at(summed, number.ravel(), mass)
    return receiver[first], valid[first], summed


def _preferences(
    labels: IntArray, n_roles: int, *, receiver: IntArray, valid: BoolArray, mass: FloatArray
) -> FloatArray:
    """Fit P for labels of shape (L, K or 1, N); K rows."""
    n_fits, n_rows = len(labels), len(receiver)
    rows = np.broadcast_to(np.arange(n_rows), (n_fits, n_rows))
    receiving = np.broadcast_to(labels, (n_fits, n_rows, labels.shape[2]))[np.arange(n_fits)[:, None], rows, receiver]
    is_role = labels[..., None] == np.arange(n_roles)
    counts = _by_role(valid.astype(np.float64), is_role).round().astype(np.int64)
    found = collapse(
        receiving.ravel(),
        counts.reshape(-1, n_roles),
        _by_role(mass, is_role).reshape(-1, n_roles),
        fit_of_row=np.repeat(np.arange(n_fits), n_rows),
        n_fits=n_fits,
    )
    return fit(found).preference


def _by_role(values: FloatArray, is_role: BoolArray) -> FloatArray:
    """Sum values (K, N) by role under each labelling, shape (L, K, R)."""
    weights = is_role.astype(np.float64)
    if is_role.shape[1] == 1:
        return np.asarray(np.einsum("kn,lnr->lkr", values, weights[:, 0], optimize=True))
    return np.asarray(np.einsum("kn,lknr->lkr", values, weights))
