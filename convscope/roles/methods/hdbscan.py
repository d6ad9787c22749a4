"""HDBSCAN: groups are dense regions, whatever their shape; what lies between them belongs to none."""

import numpy as np
from sklearn import cluster

from convscope.roles.methods.k_means import NearestCentre
from convscope.values.arrays import FloatArray, IntArray

_FEWEST = 5
_SMALLEST = 0.02
"""Share of all units below which a dense region is no group."""
_STEPS = 8


class Hdbscan:
    """Hierarchical density-based clustering, asked for the coarsest division into as many groups as are wanted.

    The method has no number of groups of its own: the least size of a group is lowered until there are enough. Units in
    no dense region, and new ones, go to the nearest centre; how far they belong to it is what their confidence says.
    Where no size gives so many groups, some stay empty, and the number is not confirmed.

    References
    ----------
    Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density estimates" (2013).
    """

    name = "hdbscan"

    def fit(self, values: FloatArray, k: int, *, seed: int, n_starts: int = 10) -> NearestCentre:
        """Find k dense regions; as `Method.fit`. Nothing is random here: ``seed`` and ``n_starts`` change nothing."""
        del seed, n_starts
        centres = np.full((k, values.shape[1]), np.inf)
        label = _divided(values, k)
        for number in range(min(k, int(label.max(initial=-1)) + 1)):
            centres[number] = values[label == number].mean(axis=0)
        return NearestCentre(centres=centres)


def _divided(values: FloatArray, k: int) -> IntArray:
    """Return the dense region of each unit, -1 for none; at most k of them."""
    if k == 1:
        return np.zeros(len(values), dtype=np.int64)
    least = max(_FEWEST, int(_SMALLEST * len(values)))
    best = np.full(len(values), -1)
    for size in np.unique(np.geomspace(max(len(values) / k, least), least, _STEPS).astype(np.int64))[::-1].tolist():
        # The library takes a boolean here, but infers its type from the default "warn".
        model = cluster.HDBSCAN(min_cluster_size=size, min_samples=_FEWEST, copy=True)  # pyright: ignore[reportArgumentType]
        label = np.asarray(model.fit(values).labels_, dtype=np.int64)
        if label.max() + 1 == k:
            return label
        if best.max() < label.max() < k:
            best = label
    return best


HDBSCAN = Hdbscan()
