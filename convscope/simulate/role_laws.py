"""Laws that the features of a unit follow, given its role; each knows its own densities."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from convscope.values.arrays import FloatArray, IntArray


class Law(Protocol):
    """What the features of units look like in each role."""

    def draw(self, role: IntArray, rng: np.random.Generator) -> FloatArray:
        """Draw the features of units that play given roles (U,), shape (U, F)."""
        ...

    def log_density(self, values: FloatArray) -> FloatArray:
        """Return the log-density of units (U, F) in each role, up to what all roles share, shape (U, K)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaussianLaw:
    """Normal around a centre, with a shape for each role."""

    centres: FloatArray
    """Shape (K, F)."""
    roots: FloatArray
    """Square root of each role's covariance, shape (K, F, F)."""

    def draw(self, role: IntArray, rng: np.random.Generator) -> FloatArray:
        """As `Law.draw`."""
        noise = rng.normal(size=(len(role), self.centres.shape[1]))
        return np.asarray(self.centres[role] + np.einsum("uij,uj->ui", self.roots[role], noise))

    def log_density(self, values: FloatArray) -> FloatArray:
        """As `Law.log_density`."""
        columns = [
            -0.5 * (np.linalg.solve(root, (values - centre).T) ** 2).sum(axis=0) - np.linalg.slogdet(root)[1]
            for centre, root in zip(self.centres, self.roots, strict=True)
        ]
        return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeavyTailedLaw:
    """Student's t with three degrees of freedom in each feature, around a centre."""

    centres: FloatArray
    """Shape (K, F)."""

    def draw(self, role: IntArray, rng: np.random.Generator) -> FloatArray:
        """As `Law.draw`."""
        return np.asarray(self.centres[role] + rng.standard_t(3, size=(len(role), self.centres.shape[1])))

    def log_density(self, values: FloatArray) -> FloatArray:
        """As `Law.log_density`."""
        squares = (values[:, np.newaxis] - self.centres) ** 2
        return np.asarray(-2.0 * np.log1p(squares / 3).sum(axis=2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountLaw:
    """How often each of some events happened in so many steps; one step gives a feature of two values."""

    chances: FloatArray
    """Of each event in a step, between 0 and 1, shape (K, F)."""
    n_steps: IntArray
    """Shape (F,)."""

    def draw(self, role: IntArray, rng: np.random.Generator) -> FloatArray:
        """As `Law.draw`."""
        return rng.binomial(self.n_steps, self.chances[role]).astype(np.float64)

    def log_density(self, values: FloatArray) -> FloatArray:
        """As `Law.log_density`."""
        return np.asarray(values @ np.log(self.chances).T + (self.n_steps - values) @ np.log1p(-self.chances).T)
