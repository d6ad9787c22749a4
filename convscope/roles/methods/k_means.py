"""k-means: groups around centres, each unit to the nearest."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.exceptions import ConvergenceWarning

from convscope.roles.methods.one_thread import one_thread
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestCentre:
    """Groups given by their centres."""

    centres: FloatArray
    """Shape (k, C)."""

    def assign(self, values: FloatArray) -> IntArray:
        """Return the nearest centre of each unit, the first on a tie."""
        squares = np.stack([((values - centre) ** 2).sum(axis=1) for centre in self.centres])
        return np.asarray(squares.argmin(axis=0), dtype=np.int64)


class KMeans:
    """Lloyd's algorithm from several k-means++ starts.

    References
    ----------
    Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding" (2007).
    """

    name = "k-means"

    def fit(self, values: FloatArray, k: int, *, seed: int, n_starts: int = 10) -> NearestCentre:
        """Find k centres; as `Method.fit`."""
        # The library takes numbers of starts, but infers its type from the default "auto".
        model = SklearnKMeans(n_clusters=k, n_init=n_starts, random_state=seed)  # pyright: ignore[reportArgumentType]
        with warnings.catch_warnings(), one_thread():
            # Fewer distinct units than groups: some groups stay empty, which the caller sees.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(values)
        return NearestCentre(centres=np.asarray(model.cluster_centers_, dtype=np.float64))


K_MEANS = KMeans()
