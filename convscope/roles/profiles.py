"""What each found role is, in words and numbers."""

from collections import Counter

import numpy as np

from convscope.roles.assignment import UnitRoles
from convscope.roles.units import Units
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.roles import BorderlineUnit, ProfileFeature, RoleProfile, UnitName

MAX_EFFECT = 10.0
"""Effects are cut here: a share that is always 0 in one role has no spread to measure by."""
MIN_EFFECT = 0.5
"""Pooled standard deviations that are worth a word."""
MIN_ERRORS = 3.0
"""Standard errors, of as many units, that an effect must exceed for a word."""
N_FEATURES = 8
MAX_OF_FAMILY = 2
"""Features of one family that a profile lists: near-copies of one difference would crowd out the others."""
N_WORDS = 3
N_EXEMPLARS = 3
UNSURE = 0.9
"""Confidence under which a unit counts as borderline."""
ONE_ROLE = "no evidence for more than one role"


def role_profiles(units: Units, found: UnitRoles, raw: FloatArray) -> tuple[RoleProfile, ...]:
    """Describe each role by the features that set it apart from all other units.

    Roles were formed on the same features, so effects are larger than new episodes would show.

    Parameters
    ----------
    units
        Units of the analysed agents; the fitted ones are described.
    found
        Role of each unit and how sure it is.
    raw
        Selected features in their own units, NaN where null, shape (U, F).
    """
    role = found.role
    n_roles = int(role[units.is_fitted].max(initial=-1)) + 1
    squares = _squares_to_centres(units, role, n_roles)
    profiles: list[RoleProfile] = []
    for number in range(n_roles):
        is_mine = units.is_fitted & (role == number)
        is_other = units.is_fitted & (role >= 0) & ~is_mine
        effects = role_effects(units.centred, is_mine, is_other)
        features = _strongest(units.selection.features, effects, raw=raw, sides=(is_mine, is_other))
        label = _label(units.selection.features, effects, least=_least(is_mine, is_other))
        profiles.append(
            RoleProfile(
                role=number,
                label=ONE_ROLE if n_roles == 1 else label,
                size=int(is_mine.sum()),
                features=() if n_roles == 1 else features,
                exemplars=_exemplars(units, squares[:, number], is_mine),
                borderline=() if n_roles == 1 else _borderline(units, found, squares, number=number),
            )
        )
    return tuple(profiles)


def role_effects(values: FloatArray, is_mine: BoolArray, is_other: BoolArray) -> FloatArray:
    """Difference of means in pooled standard deviations, per feature.

    Parameters
    ----------
    values
        Shape (U, F), NaN where null.
    is_mine, is_other
        The two sets of units, shape (U,).

    Returns
    -------
    FloatArray
        Cohen's d, shape (F,), within +-10; 0 where a side has no values.

    References
    ----------
    Cohen, "Statistical power analysis for the behavioral sciences" (1988).
    """
    (n, mean, squares), (m, other_mean, other_squares) = _moments(values[is_mine]), _moments(values[is_other])
    difference = mean - other_mean
    pooled = np.sqrt((squares + other_squares) / np.maximum(n + m - 2, 1))
    floor = np.abs(difference) / MAX_EFFECT
    effect = difference / np.where(np.maximum(pooled, floor) > 0, np.maximum(pooled, floor), 1.0)
    return np.where((n > 0) & (m > 0), effect, 0.0)


def _moments(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count, mean and sum of squared deviations of each column's finite values."""
    is_known = np.isfinite(values)
    n = is_known.sum(axis=0).astype(np.float64)
    mean = np.where(is_known, values, 0.0).sum(axis=0) / np.maximum(n, 1)
    return n, mean, (np.where(is_known, values - mean, 0.0) ** 2).sum(axis=0)


def _by_strength(effects: FloatArray) -> list[int]:
    return [int(f) for f in np.argsort(-np.abs(effects), kind="stable")]


def _strongest(
    features: tuple[Feature, ...], effects: FloatArray, *, raw: FloatArray, sides: tuple[BoolArray, BoolArray]
) -> tuple[ProfileFeature, ...]:
    mean, other_mean = (_moments(raw[side])[1] for side in sides)
    return tuple(
        ProfileFeature(
            name=features[f].name,
            unit=features[f].unit,
            effect=float(effects[f]),
            mean=float(mean[f]),
            other_mean=float(other_mean[f]),
        )
        for f in _listed(features, effects)
    )


def _listed(features: tuple[Feature, ...], effects: FloatArray) -> list[int]:
    n_of_family: Counter[str] = Counter()
    listed: list[int] = []
    for f in _by_strength(effects):
        n_of_family[features[f].family] += 1
        if n_of_family[features[f].family] <= MAX_OF_FAMILY:
            listed.append(f)
    return listed[:N_FEATURES]


def _least(is_mine: BoolArray, is_other: BoolArray) -> float:
    """Smallest effect that gets a word."""
    return float(max(MIN_EFFECT, MIN_ERRORS * np.sqrt(1 / max(is_mine.sum(), 1) + 1 / max(is_other.sum(), 1))))


def _label(features: tuple[Feature, ...], effects: FloatArray, *, least: float) -> str:
    """Say the strongest features of different families in plain words."""
    words: dict[str, str] = {}
    for f in _by_strength(effects):
        if abs(effects[f]) >= least and len(words) < N_WORDS:
            words.setdefault(features[f].family, features[f].in_words(is_high=bool(effects[f] > 0)))
    return ", ".join(words.values()) or "close to the average unit"


def _squares_to_centres(units: Units, role: IntArray, n_roles: int) -> FloatArray:
    """Squared distance of each unit to the centre of each role, shape (U, roles); infinite where a role has no unit."""
    coordinates = units.coordinates
    squares = np.full((len(coordinates), n_roles), np.inf)
    for number in range(n_roles):
        is_mine = units.is_fitted & (role == number)
        if is_mine.any():
            squares[:, number] = ((coordinates - coordinates[is_mine].mean(axis=0)) ** 2).sum(axis=1)
    return squares


def _exemplars(units: Units, squares: FloatArray, is_mine: BoolArray) -> tuple[UnitName, ...]:
    """Return the units nearest to the role's centre."""
    mine = np.flatnonzero(is_mine)
    return _named(units, mine[np.argsort(squares[mine], kind="stable")[:N_EXEMPLARS]])


def _borderline(units: Units, found: UnitRoles, squares: FloatArray, *, number: int) -> tuple[BorderlineUnit, ...]:
    """Return the units that are least sure of their role."""
    unsure = np.flatnonzero(units.is_fitted & (found.role == number) & (found.confidence < UNSURE))
    least = unsure[np.argsort(found.confidence[unsure], kind="stable")[:N_EXEMPLARS]]
    others = squares[least].copy()
    others[:, number] = np.inf
    return tuple(
        BorderlineUnit(unit=unit, confidence=float(confidence), next_role=int(role))
        for unit, confidence, role in zip(
            _named(units, least), found.confidence[least], others.argmin(axis=1), strict=True
        )
    )


def _named(units: Units, chosen: IntArray) -> tuple[UnitName, ...]:
    keys = units.frame.select("run", "checkpoint", "episode", "agent")[chosen]
    return tuple((run, checkpoint, int(episode), agent) for run, checkpoint, episode, agent in keys.rows())
