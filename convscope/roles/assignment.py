"""The role of each unit and how sure it is."""

from dataclasses import dataclass

import numpy as np

from convscope.roles.method import Method
from convscope.roles.mixture import fit_components, posterior
from convscope.roles.units import Units
from convscope.values.arrays import BoolArray, FloatArray, IntArray

MIN_CONFIDENCE = 0.5
"""Under this no role is more likely than all others together, and the unit has none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitRoles:
    """Roles of units, in the units' order."""

    role: IntArray
    """From 0 by falling size among fitted units, -1 for none, shape (U,)."""
    confidence: FloatArray
    """Probability of the likeliest role, NaN where a unit has no features, shape (U,)."""


def assign_roles(
    units: Units, values: FloatArray, k: int, *, sample: IntArray, method: Method, seed: int, identities_persist: bool
) -> UnitRoles:
    """Find k roles among sampled units, and give every unit the likeliest one.

    Parameters
    ----------
    units
        Units of the analysed agents, of all checkpoints.
    values
        Their coordinates, shape (U, C).
    k
        Number of roles, at least 1.
    sample
        Units in which the roles are found.
    method
        Gives the first division.
    seed
        Of the method.
    identities_persist
        Whether an agent's units share mixing weights; else those of all agents of a run and checkpoint do.
    """
    group = _groups(units, identities_persist=identities_persist)
    probability = np.ones((len(values), 1))
    if k > 1:
        label = method.fit(values[sample], k, seed=seed).assign(values[sample])
        components = fit_components(values[sample], label, group[sample])
        probability = posterior(values, components, group)
    confidence = probability.max(axis=1)
    is_assigned = units.has_features & (confidence >= MIN_CONFIDENCE)
    role = np.where(is_assigned, _by_size(probability.argmax(axis=1), units.is_fitted & is_assigned, k), -1)
    return UnitRoles(role=role, confidence=np.where(units.has_features, confidence, np.nan))


def _groups(units: Units, *, identities_persist: bool) -> IntArray:
    keys = ["run", "checkpoint", *(["agent"] if identities_persist else [])]
    frame = units.frame.select(keys)
    distinct = frame.unique(maintain_order=True).with_row_index("group")
    joined = frame.join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined["group"].to_numpy().astype(np.int64)


def _by_size(label: IntArray, counts: BoolArray, k: int) -> IntArray:
    """Give roles their numbers, by falling size, on a tie by their first unit in the order of values."""
    size = np.bincount(label[counts], minlength=k)
    first = np.full(k, len(label))
    np.minimum.at(first, label[counts], np.flatnonzero(counts))
    rank = np.empty(k, dtype=np.int64)
    rank[np.lexsort((first, -size))] = np.arange(k)
    return rank[label]
