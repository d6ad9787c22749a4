"""Which features can tell units of a log apart."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray, extents
from convscope.values.features import Feature
from convscope.values.header import Notice

MIN_KNOWN = 0.5
"""Share of units that must have a value."""
ROUNDING = 1e-9
"""Spread, relative to the values, that is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """The features that are used, and why others are not."""

    kept: IntArray
    """Columns of the feature table, shape (F,)."""
    features: tuple[Feature, ...]
    """The features kept."""
    notices: tuple[Notice, ...]


def select_features(features: tuple[Feature, ...], values: FloatArray, episode: IntArray) -> Selection:
    """Drop features that are mostly null, constant, or the same for all agents of every episode.

    Parameters
    ----------
    features
        In the order of the columns.
    values
        Of the units among which roles are found, shape (U, features), NaN where null.
    episode
        Episode of each unit, shape (U,).
    """
    is_rare = np.isfinite(values).sum(axis=0) < MIN_KNOWN * max(len(values), 1)
    is_constant = ~is_rare & _is_constant(values)
    is_shared = ~is_rare & ~is_constant & _is_shared(values, episode)
    reasons = (
        (is_rare, "null for most units"),
        (is_constant, "the same for all units"),
        (is_shared, "the same for all agents of an episode"),
    )
    keeps = ~(is_rare | is_constant | is_shared)
    return Selection(
        kept=np.flatnonzero(keeps),
        features=tuple(feature for feature, kept in zip(features, keeps, strict=True) if kept),
        notices=tuple(_notice(features, drops, reason) for drops, reason in reasons if drops.any()),
    )


def _is_constant(values: FloatArray) -> BoolArray:
    low = np.min(np.where(np.isfinite(values), values, np.inf), axis=0, initial=np.inf)
    high = np.max(np.where(np.isfinite(values), values, -np.inf), axis=0, initial=-np.inf)
    return np.asarray(~(high - low > ROUNDING * np.maximum(np.abs(high), np.abs(low))), dtype=np.bool_)


def _is_shared(values: FloatArray, episode: IntArray) -> BoolArray:
    """Whether some episodes have several values, and all of an episode are the same, shape (features,)."""
    n_episodes = int(episode.max(initial=-1)) + 1
    known = np.zeros((n_episodes, values.shape[1]), dtype=np.int64)
    np.add.at(known, episode, np.isfinite(values).astype(np.int64))
    low, high = extents(values, episode, n_episodes)
    scale = np.max(np.where(np.isfinite(values), np.abs(values), 0.0), axis=0, initial=0.0)
    differs = (high - low > ROUNDING * scale).any(axis=0)
    return np.asarray((known > 1).any(axis=0) & ~differs, dtype=np.bool_)


def _notice(features: tuple[Feature, ...], drops: BoolArray, reason: str) -> Notice:
    names = ", ".join(feature.name for feature, dropped in zip(features, drops, strict=True) if dropped)
    return Notice(code="feature-unused", message=f"not used to find roles, {reason}: {names}", where="roles")
