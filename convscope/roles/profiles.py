"""What each found role is, in words and numbers."""

import numpy as np

from convscope.roles.units import Units
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.roles import ProfileFeature, RoleProfile

MAX_EFFECT = 10.0
"""Effects are cut here: a share that is always 0 in one role has no spread to measure by."""
MIN_EFFECT = 0.5
"""Pooled standard deviations that are worth a word."""
MIN_ERRORS = 3.0
"""Standard errors, of as many units, that an effect must exceed for a word."""
N_FEATURES = 8
N_WORDS = 3
N_EXEMPLARS = 3
ONE_ROLE = "no evidence for more than one role"


def role_profiles(units: Units, role: IntArray, raw: FloatArray) -> tuple[RoleProfile, ...]:
    """Describe each role by the features that set it apart from all other units.

    Parameters
    ----------
    units
        Units of the analysed agents; the fitted ones are described.
    role
        Role of each unit, -1 for none, shape (U,).
    raw
        Selected features in their own units, NaN where null, shape (U, F).
    """
    n_roles = int(role[units.is_fitted].max(initial=-1)) + 1
    coordinates = units.coordinates
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
                exemplars=_exemplars(units, coordinates, is_mine),
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
        for f in _by_strength(effects)[:N_FEATURES]
    )


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


def _exemplars(
    units: Units, coordinates: FloatArray, is_mine: BoolArray
) -> tuple[tuple[str, str | None, int, str], ...]:
    """Return the units nearest to the role's centre."""
    mine = np.flatnonzero(is_mine)
    if not len(mine):
        return ()
    squares = ((coordinates[mine] - coordinates[mine].mean(axis=0)) ** 2).sum(axis=1)
    nearest = mine[np.argsort(squares, kind="stable")[:N_EXEMPLARS]]
    keys = units.frame.select("run", "checkpoint", "episode", "agent")[nearest]
    return tuple((run, checkpoint, int(episode), agent) for run, checkpoint, episode, agent in keys.rows())
