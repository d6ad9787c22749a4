"""One number from the distances between the members of a team."""

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from convscope.values.arrays import FloatArray


def mean_distance(distances: FloatArray) -> float:
    """Mean over the pairs of members, NaN where no pair has a distance: System Neural Diversity.

    Parameters
    ----------
    distances
        Symmetric, NaN where unknown, shape (M, M).

    References
    ----------
    Bettini, Shankar and Prorok, "System neural diversity: measuring behavioral heterogeneity in multi-agent learning"
    (2023), arXiv:2305.02128.
    """
    pairs = distances[np.triu_indices(len(distances), k=1)]
    known = pairs[np.isfinite(pairs)]
    return float(known.mean()) if len(known) else float("nan")


def social_entropy(distances: FloatArray) -> float:
    """Hierarchic Social Entropy: the entropy of the groups at a distance, integrated over all distances.

    Groups at distance h are those of complete linkage: no two members of a group are further apart than h. Balch lets
    such groups overlap; a division keeps the shares of a team at a sum of 1.

    Parameters
    ----------
    distances
        As in `mean_distance`.

    Returns
    -------
    float
        Bits times the unit of the distances, 0 for a team of one kind; NaN where a distance is unknown.

    References
    ----------
    Balch, "Hierarchic social entropy: an information theoretic measure of robot group diversity", Autonomous Robots 8
    (2000).
    """
    if not np.isfinite(distances).all() or len(distances) < 2:
        return float("nan")
    merges = linkage(squareform(distances, checks=False), method="complete")
    n_members = len(distances)
    size_of = dict.fromkeys(range(n_members), 1)
    total, reached = 0.0, 0.0
    for step, (left, right, height, size) in enumerate(merges.tolist()):
        total += _entropy(list(size_of.values())) * max(height - reached, 0.0)
        reached = max(reached, height)
        del size_of[int(left)], size_of[int(right)]
        size_of[n_members + step] = int(size)
    return total


def _entropy(sizes: list[int]) -> float:
    shares = np.sort(np.array(sizes, dtype=np.float64)) / sum(sizes)
    return float(-(shares * np.log2(shares)).sum())
