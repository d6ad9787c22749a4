"""All pairs of agents at once: distances and p-values that hold for the whole family of pairs."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from convscope.roles.energy import energy_distances, exchange_form, exchange_patterns
from convscope.values.arrays import BoolArray, FloatArray, IntArray

MIN_EPISODES = 6
"""Under six shared episodes no pattern of exchanges can reach p = .05."""
MIN_KNOWN = 0.5
"""Share of a member's units that must have a feature for it to count in the member's pairs."""
SCALE = 1e-9
"""Relative difference under which two distances are equal."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairTests:
    """Test of every pair of members."""

    distance: FloatArray
    """Energy distance, shape (M, M), NaN where a pair shares too few episodes."""
    p_value: FloatArray
    """Family-wise, shape (M, M), 1 where not testable."""
    attainable_p: float
    """Smallest p that the patterns allow."""


def compare_pairs(
    standard: FloatArray, axes: FloatArray, unit_of: IntArray, *, n_draws: int, rng: np.random.Generator
) -> PairTests:
    """Test whether the units of each pair of members can be told apart.

    The labels of a pair are exchanged within episodes, with the same pattern for all pairs. Each pair's distance is
    put on the scale of its own null before the maximum over pairs is taken, so that a noisy pair cannot hide others.

    Parameters
    ----------
    standard
        Standardised features of all units, NaN where null, shape (U, F).
    axes
        Principal axes, shape (F, C).
    unit_of
        Unit of each member in each episode, -1 for none, shape (E, M).
    n_draws
        Random patterns.
    rng
        Draws the patterns.
    """
    signs = exchange_patterns(len(unit_of), n_draws, rng)
    n_members = unit_of.shape[1]
    known = np.stack([_known_features(standard, unit_of[:, m]) for m in range(n_members)])
    distance = np.full((n_members, n_members), np.nan)
    np.fill_diagonal(distance, 0.0)
    pairs = [pair for pair in combinations(range(n_members), 2) if _n_shared(unit_of, pair) >= MIN_EPISODES]
    scores = np.empty((len(pairs), len(signs)))
    for place, (a, b) in enumerate(pairs):
        is_shared = (unit_of[:, [a, b]] >= 0).all(axis=1)
        form = _form(standard, axes * (known[a] & known[b])[:, np.newaxis], unit_of[is_shared][:, [a, b]])
        energies = energy_distances(form, signs[:, is_shared])
        distance[a, b] = distance[b, a] = energies[0]
        scores[place] = in_null_units(energies)
    p_value = np.ones((n_members, n_members))
    for (a, b), p in zip(pairs, family_wise(scores), strict=True):
        p_value[a, b] = p_value[b, a] = p
    return PairTests(distance=distance, p_value=p_value, attainable_p=1.0 / len(signs))


def family_wise(scores: FloatArray) -> FloatArray:
    """Return the p of each pair that holds for the whole family, shape (pairs,).

    Parameters
    ----------
    scores
        Statistic of each pair under each pattern, the first of which exchanges nothing, shape (pairs, patterns).
    """
    if not len(scores):
        return np.zeros(0)
    family, own = scores.max(axis=0), scores[:, :1]
    return np.asarray((family >= own - SCALE * (1.0 + np.abs(own))).mean(axis=1), dtype=np.float64)


def in_null_units(energies: FloatArray) -> FloatArray:
    """Return a pair's statistic under each pattern in units of its null: a noisy pair cannot hide others then."""
    deviation = float(energies.std())
    # Two members that do the same in every episode have no null to be compared with.
    if deviation <= SCALE * float(np.abs(energies).max()) or deviation == 0.0:
        return np.zeros_like(energies)
    return np.asarray((energies - energies.mean()) / deviation)


def _known_features(standard: FloatArray, units: IntArray) -> BoolArray:
    present = units[units >= 0]
    return np.asarray(np.isfinite(standard[present]).sum(axis=0) >= MIN_KNOWN * max(len(present), 1), dtype=np.bool_)


def _n_shared(unit_of: IntArray, pair: tuple[int, int]) -> int:
    return int((unit_of[:, list(pair)] >= 0).all(axis=1).sum())


def _form(standard: FloatArray, axes: FloatArray, units: IntArray) -> FloatArray:
    first, second = (np.nan_to_num(standard[units[:, side]], nan=0.0) @ axes for side in (0, 1))
    return exchange_form(first, second)
