"""The nearest rows of other episodes, as many episodes as there are."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

_CHUNK = 256
_TIE = 1e-4
"""Rows whose squared distances differ by less than this share of the usual one are equally near."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """Rows and their nearest ones."""

    rows: IntArray
    """Rows that have enough others, shape (B,)."""
    others: IntArray
    """Shape (B, n_nearest)."""
    near: float
    """Mean squared distance of a row's others, summed over rows."""
    far: float
    """That of all rows of other episodes, summed over rows."""


def nearest(points: FloatArray, episode: IntArray, *, n_nearest: int, rng: np.random.Generator) -> Nearest:
    """Return the nearest rows of other episodes; of each episode as few as give enough.

    Parameters
    ----------
    points
        Shape (R, D).
    episode
        Of each row, ascending, shape (R,).
    n_nearest
        How many; rows for which there are fewer in other episodes are left out.
    rng
        Chooses between rows that are equally near.
    """
    table, own = _by_episode(episode)
    n_rows = (table < len(episode)).sum(axis=1)
    rows = np.flatnonzero(len(episode) - n_rows[own] >= n_nearest)
    most = _most_of_one(n_rows, own[rows], n_nearest)
    kept = points.astype(np.float32)
    squares = (kept**2).sum(axis=1)
    tie = np.float32(_TIE * max(float(squares.mean()), 1e-30)) if len(rows) > 0 else np.float32(0)
    others = np.zeros((len(rows), n_nearest), dtype=np.int64)
    near = far = 0.0
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        apart = np.maximum(squares[part, None] + squares - 2 * kept[part] @ kept.T, 0.0)
        is_same = np.equal(own[part, None], own)
        far += float((np.where(is_same, 0.0, apart).sum(axis=1) / (~is_same).sum(axis=1)).sum())
        ranked = apart + tie * rng.random(apart.shape, dtype=np.float32)
        ranked[is_same] = np.inf
        chosen = _smallest(ranked, table, most, n_nearest=n_nearest)
        near += float(np.take_along_axis(apart, chosen, axis=1).mean(axis=1).sum())
        others[start : start + _CHUNK] = chosen
    return Nearest(rows=rows, others=others, near=near, far=far)


def _by_episode(episode: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of each episode, (E, M) with R in empty places, and the place of each row's episode, (R,)."""
    _, own, counts = np.unique(episode, return_inverse=True, return_counts=True)
    table = np.full((len(counts), int(counts.max(initial=0))), len(episode))
    starts = np.cumsum(counts) - counts
    table[own, np.arange(len(episode)) - starts[own]] = np.arange(len(episode))
    return table, own


def _most_of_one(n_rows: IntArray, own: IntArray, n_nearest: int) -> int:
    """Return how many rows of one episode must count, so that every row finds enough."""
    for most in range(1, int(n_rows.max(initial=1)) + 1):
        counted = np.minimum(n_rows, most)
        if (counted.sum() - counted[own] >= n_nearest).all():
            return most
    return int(n_rows.max(initial=1))


def _smallest(ranked: FloatArray, table: IntArray, most: int, *, n_nearest: int) -> IntArray:
    """Return the columns of the smallest values of each row, at most ``most`` of each episode."""
    padded = np.concatenate([ranked, np.full((len(ranked), 1), np.inf, dtype=ranked.dtype)], axis=1)
    grid = padded[:, table]
    best = np.argpartition(grid, most - 1, axis=2)[:, :, :most]
    values = np.take_along_axis(grid, best, axis=2).reshape(len(ranked), -1)
    places = np.take_along_axis(np.broadcast_to(table, grid.shape), best, axis=2).reshape(len(ranked), -1)
    chosen = np.argpartition(values, n_nearest - 1, axis=1)[:, :n_nearest]
    return np.take_along_axis(places, chosen, axis=1)
