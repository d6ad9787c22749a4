"""How well single columns are explained by single quantities: shares of variance, where both are there."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray

EXACT = 1e-6
"""Share of a column's variance left unexplained that storing numbers in few digits may leave."""
NEAR = 1e-4
"""The most that may be left unexplained: a correlation of .99995."""
MIN_ROWS = 100
"""Rows that a fit must rest on."""
MIN_EPISODES = 5
"""Episodes in which the column must vary in these rows: within one, any two smooth paths may look alike."""

_ROUNDING = 1e-9


def unexplained(columns: FloatArray, quantities: FloatArray, episode: IntArray) -> FloatArray:
    """Return the share of each column's variance that a line through each quantity leaves.

    Parameters
    ----------
    columns
        Shape (T, C); NaN is missing.
    quantities
        Shape (T, Q); NaN is missing.
    episode
        Of each row, ascending, shape (T,).

    Returns
    -------
    FloatArray
        Shape (C, Q), the smaller of two: over all rows, and over those in which the column is not zero, since many
        environments show zeros of what is out of sight. 1 where fewer than `MIN_ROWS` rows of `MIN_EPISODES` episodes
        are left, or one of both does not vary.
    """
    result = np.ones((columns.shape[1], quantities.shape[1]))
    varying, telling = np.flatnonzero(vary(columns)), np.flatnonzero(vary(quantities))
    if not len(varying) or not len(telling):
        return result
    shown, told = columns[:, varying], quantities[:, telling]
    left = _left(shown, np.isfinite(shown), told, episode=episode)
    gaps = np.flatnonzero(np.equal(shown, 0.0).any(axis=0))
    seen = np.isfinite(shown[:, gaps]) & np.not_equal(shown[:, gaps], 0.0)
    left[gaps] = np.minimum(left[gaps], _left(shown[:, gaps], seen, told, episode=episode))
    result[np.ix_(varying, telling)] = left
    return result


def vary(values: FloatArray) -> BoolArray:
    """Return whether anything changes along the first axis but the last digits; missing values do not count."""
    low = np.where(np.isfinite(values), values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(np.isfinite(values), values, -np.inf).max(axis=0, initial=-np.inf)
    return np.asarray(high > low + _ROUNDING * np.maximum(np.abs(high), np.abs(low)), dtype=np.bool_)


def _left(columns: FloatArray, is_used: BoolArray, quantities: FloatArray, *, episode: IntArray) -> FloatArray:
    is_known = np.isfinite(quantities)
    x, y = _standardised(columns, is_used), _standardised(quantities, is_known)
    m, n = is_used.astype(np.float64), is_known.astype(np.float64)
    n_rows = m.T @ n
    safe = np.maximum(n_rows, 1.0)
    mean_x, mean_y = (x.T @ n) / safe, (m.T @ y) / safe
    var_x = (x**2).T @ n / safe - mean_x**2
    var_y = m.T @ y**2 / safe - mean_y**2
    shared = x.T @ y / safe - mean_x * mean_y
    # Rounding leaves what does not vary a variance of about 1e-32: no fit may rest on that.
    is_told = (n_rows >= MIN_ROWS) & (var_x > 1e-12) & (var_y > 1e-12)
    is_told &= (_n_telling(columns, is_used, episode) >= MIN_EPISODES)[:, None]
    share = 1.0 - shared**2 / np.where(is_told, var_x * var_y, 1.0)
    return np.where(is_told, np.clip(share, 0.0, 1.0), 1.0)


def _standardised(values: FloatArray, is_used: BoolArray) -> FloatArray:
    held = np.where(is_used, values, 0.0)
    mean = held.sum(axis=0) / np.maximum(is_used.sum(axis=0), 1)
    centred = np.where(is_used, held - mean, 0.0)
    scale = np.sqrt((centred**2).mean(axis=0))
    return np.asarray(centred / np.where(scale > 0, scale, 1.0), dtype=np.float64)


def _n_telling(columns: FloatArray, is_used: BoolArray, episode: IntArray) -> IntArray:
    """Return the number of episodes in which each column is ever away from its middle value."""
    in_order = np.sort(np.where(is_used, columns, np.nan), axis=0)  # missing ones come last
    middle = np.take_along_axis(in_order, np.maximum(is_used.sum(axis=0) - 1, 0)[None] // 2, axis=0)
    starts = np.flatnonzero(np.diff(episode, prepend=-1))
    return np.asarray(np.logical_or.reduceat(is_used & (columns != middle), starts, axis=0).sum(axis=0), dtype=np.int64)
