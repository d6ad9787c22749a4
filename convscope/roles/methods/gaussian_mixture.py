"""Gaussian mixture: groups may be long, wide and of different sizes."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as SklearnMixture

from convscope.roles.methods.one_thread import one_thread
from convscope.values.arrays import FloatArray, IntArray

RIDGE = 1e-3
"""Added to variances of coordinates, so that a few equal units are no infinitely dense group."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MostLikely:
    """Groups given by a fitted mixture."""

    model: SklearnMixture
    """Fitted."""

    @property
    def centres(self) -> FloatArray:
        """Means of the components, shape (k, C)."""
        return np.asarray(self.model.means_, dtype=np.float64)

    def assign(self, values: FloatArray) -> IntArray:
        """Return the most likely component of each unit."""
        return np.asarray(self.model.predict(values), dtype=np.int64)


class GaussianMixture:
    """Expectation-maximisation with a diagonal covariance for each component.

    Full covariances would ask for more units than a log of a few hundred episodes has.
    """

    name = "gaussian-mixture"

    def fit(self, values: FloatArray, k: int, *, seed: int, n_starts: int = 10) -> MostLikely:
        """Find k components; as `Method.fit`."""
        model = SklearnMixture(k, covariance_type="diag", n_init=n_starts, reg_covar=RIDGE, random_state=seed)
        with warnings.catch_warnings(), one_thread():
            # An unfinished fit is a fit: how far it can be trusted is what resampling shows.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(values)
        return MostLikely(model=model)


GAUSSIAN_MIXTURE = GaussianMixture()
