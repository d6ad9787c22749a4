"""Classes in which no two members can be told apart."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from convscope.values.arrays import FloatArray


def complete_linkage(p_value: FloatArray, distance: FloatArray, *, alpha: float) -> tuple[int, ...]:
    """Join members into classes, most alike first, as long as no pair of a class is told apart.

    Parameters
    ----------
    p_value
        Of each pair, shape (M, M); a pair is told apart where it is at most ``alpha``.
    distance
        Orders pairs of equal p, the nearer first, shape (M, M); NaN counts as far.
    alpha
        Level.

    Returns
    -------
    tuple of int
        Class of each member, from 0 by first member.
    """
    if len(p_value) < 2:
        return (0,) * len(p_value)
    upper = np.triu_indices(len(p_value), 1)
    p_values = p_value[upper]
    order = np.lexsort((np.nan_to_num(distance[upper], nan=np.inf), -p_values))
    # Complete linkage depends on the order of the pairs only, so ranks stand for "how far apart".
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    labels = fcluster(linkage(rank, method="complete"), t=float((p_values > alpha).sum()), criterion="distance")
    first_seen = {label: code for code, label in enumerate(dict.fromkeys(labels.tolist()))}
    return tuple(first_seen[label] for label in labels.tolist())


def usual_number(n_classes: Iterable[int]) -> int | None:
    """Return the number of classes that most runs have, the smallest of those on a tie; None without runs."""
    counts = Counter(n_classes)
    return min(counts, key=lambda k: (-counts[k], k)) if counts else None
