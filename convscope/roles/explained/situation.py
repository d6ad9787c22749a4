"""How an episode starts for each agent: columns that mean the same for all, and the agent's rank among the others."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree
from scipy.stats import rankdata

from convscope.behaviour.columns import is_measured
from convscope.roles.explained.starts import Starts
from convscope.values.arrays import BoolArray, FloatArray, known_mean
from convscope.values.header import LogHeader

_MOST_COLUMNS = 24
_MOST_ENTITIES = 8


def situation_columns(starts: Starts, header: LogHeader, places: Sequence[int]) -> FloatArray:
    """Return what is known of the start of each episode for each agent, shape (E, A, F); F = 0 where nothing is.

    Observations where all these agents share their space, less the columns that are the same in every episode for an
    agent; positions; distances to the centroid of the team, the nearest other agent, and each entity; and the rank of
    each of these within the team. What is unknown stands at its mean.

    Parameters
    ----------
    starts
        Of one run.
    header
        Of the log.
    places
        Of the agents that are compared.
    """
    parts = [_observed(starts.observations[:, places], header, places), *_placed(starts, places)]
    own = np.concatenate(parts, axis=2)
    own = own[..., _varies(own)]
    return np.concatenate([_filled(own), _ranks(own) / max(len(places), 1)], axis=2)


def _ranks(own: FloatArray) -> FloatArray:
    """Return how many of the team have less of each column, and half of those with as much; 0 where unknown."""
    if not own.size:
        return own
    is_known = np.isfinite(own)
    ranks = rankdata(np.where(is_known, own, np.inf), axis=1) - 0.5
    return np.asarray(np.where(is_known, ranks, 0.0), dtype=np.float64)


def _observed(observations: FloatArray, header: LogHeader, places: Sequence[int]) -> FloatArray:
    if not observations.size or len({header.agents[place].group for place in places}) > 1:
        return observations[..., :0]
    flat = observations.reshape(-1, observations.shape[2])
    columns = np.where(is_measured(flat)[:, np.newaxis], flat, np.nan).reshape(observations.shape)
    kept = columns[..., _varies(columns)]
    if kept.shape[2] <= _MOST_COLUMNS:
        return kept
    return _directions(_filled(kept))


def _varies(columns: FloatArray) -> BoolArray:
    """Return which columns differ between episodes for every agent: the others could only say who it is."""
    if not columns.size:
        return np.zeros(columns.shape[2], dtype=np.bool_)
    low, high = (reach(np.nan_to_num(columns, nan=0.0), axis=0) for reach in (np.min, np.max))
    return np.asarray((high > low).all(axis=0), dtype=np.bool_)


def _directions(columns: FloatArray) -> FloatArray:
    flat = columns.reshape(-1, columns.shape[2])
    spread = flat.std(axis=0)
    scaled = (flat - flat.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    _, axes = np.linalg.eigh(scaled.T @ scaled)
    turned = scaled @ axes[:, ::-1][:, :_MOST_COLUMNS]
    return np.asarray(turned.reshape(*columns.shape[:2], _MOST_COLUMNS), dtype=np.float64)


def _placed(starts: Starts, places: Sequence[int]) -> list[FloatArray]:
    own = starts.positions[:, places]
    if not own.shape[2]:
        return []
    nearest = np.stack([_nearest(episode) for episode in own])[..., np.newaxis]
    centre = known_mean(np.moveaxis(own, 1, 0))[:, np.newaxis]
    found = [own, nearest, _distances(own, centre)]
    if starts.entities.shape[2] == own.shape[2]:
        found.append(_distances(own, starts.entities[:, :_MOST_ENTITIES]))
    return found


def _nearest(places: FloatArray) -> FloatArray:
    """Return how far the nearest other place is from each (A, d), NaN where there is none, shape (A,)."""
    nearest = np.full(len(places), np.nan)
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    if len(known) > 1:
        # A tree, since all pairs of a thousand agents would be as many numbers an episode as a block holds.
        nearest[known] = KDTree(places[known]).query(places[known], k=2)[0][:, 1]
    return nearest


def _distances(first: FloatArray, second: FloatArray) -> FloatArray:
    gaps = first[:, :, np.newaxis] - second[:, np.newaxis]
    return np.asarray(np.sqrt((gaps**2).sum(axis=3)), dtype=np.float64)


def _filled(columns: FloatArray) -> FloatArray:
    if not columns.size:
        return columns
    means = known_mean(columns.reshape(-1, columns.shape[2]))
    return np.where(np.isfinite(columns), columns, np.nan_to_num(means, nan=0.0))
