"""Whether runs fall into two groups rather than one cloud, when nothing else tells how much they should differ."""

import math

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.chance import p_of_draws

FEWEST_POINTS = 4
"""Two groups of two: a single run that stands apart is no convention."""


def group_test(points: FloatArray, *, n_draws: int, rng: np.random.Generator) -> tuple[float, BoolArray]:
    """Test whether points fall into two groups.

    Statistic: the largest share of the sum of squares between two groups of at least two points, over the cuts along
    the main axis. Null: as many points of a normal cloud with the covariance that was seen, which is wider along the
    main axis when there are groups: the test errs on the side of one cloud.

    Parameters
    ----------
    points
        At least four, shape (S, d).
    n_draws
        Clouds to draw.
    rng
        Draws them.

    Returns
    -------
    tuple
        p, and which points are in the second of the two groups, shape (S,).

    References
    ----------
    Liu, Hayes, Nobel and Marron, "Statistical significance of clustering for high-dimension, low-sample size data",
    Journal of the American Statistical Association 103 (2008).
    """
    n_points = len(points)
    centred = points - points.mean(axis=0)
    shares, groups = _best_cut(centred[None])
    weights = rng.standard_normal((n_draws, n_points, n_points)) / math.sqrt(n_points - 1)
    drawn = np.tensordot(weights, centred, axes=1)
    null, _ = _best_cut(drawn - drawn.mean(axis=1, keepdims=True))
    return p_of_draws(float(shares[0]), null), groups[0]


def _best_cut(centred: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return the share between the groups of the best cut, (B,), and its second group, (B, S), of points (B, S, d)."""
    n_points = centred.shape[1]
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    order = np.argsort((centred * axes[:, :1]).sum(axis=2), axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(centred, order[..., None], axis=1), axis=1)
    sizes = np.arange(2, n_points - 1)
    between = np.square(sums[:, sizes - 1]).sum(axis=2) * n_points / (sizes * (n_points - sizes))
    total = np.square(centred).sum(axis=(1, 2))
    best = between.argmax(axis=1)
    share = np.divide(between.max(axis=1), total, out=np.zeros_like(total), where=total > 1e-18)
    is_second = np.zeros(order.shape, dtype=np.bool_)
    np.put_along_axis(is_second, order, np.arange(n_points) >= sizes[best][:, None], axis=1)
    return share, is_second
