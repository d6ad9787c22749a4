"""The innovation light of a screened team, and how much stronger than what it saw an edge must be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from convscope.routing.predictive.screening.scores import ScoreSums
from convscope.routing.predictive.screening.symmetry import symmetry_p_value, symmetry_statistic
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairTests:
    """What one run and checkpoint says of each pair; all figures add up over runs, and are 0 where there is no data."""

    statistic: FloatArray
    """From `symmetry_statistic`, shape (pairs,)."""
    dimension: FloatArray
    """From `symmetry_statistic`, shape (pairs,)."""
    strength: FloatArray
    """Share of variance beyond chance, summed over directions, shape (pairs,)."""
    variance: FloatArray
    """Of the strength, shape (pairs,)."""

    @property
    def p_value(self) -> FloatArray:
        """A bound, shape (pairs,); NaN where nothing was tested."""
        return symmetry_p_value(self.statistic, self.dimension)


def placed(tests: Sequence[PairTests], places: Sequence[IntArray], *, n_pairs: int) -> PairTests:
    """Return the figures of shares of the pairs, given their places among all pairs."""
    at = np.concatenate([np.zeros(0, dtype=np.int64), *places])

    def filled(values: Sequence[FloatArray]) -> FloatArray:
        every = np.zeros(n_pairs)
        every[at] = np.concatenate([np.zeros(0), *values])
        return every

    return PairTests(
        statistic=filled([each.statistic for each in tests]),
        dimension=filled([each.dimension for each in tests]),
        strength=filled([each.strength for each in tests]),
        variance=filled([each.variance for each in tests]),
    )


def added(tests: Sequence[PairTests]) -> PairTests:
    """Return the figures of several runs together."""
    return PairTests(
        statistic=np.sum([each.statistic for each in tests], axis=0),
        dimension=np.sum([each.dimension for each in tests], axis=0),
        strength=np.sum([each.strength for each in tests], axis=0),
        variance=np.sum([each.variance for each in tests], axis=0),
    )


def pair_tests(sums: ScoreSums, *, unit: float, n_episodes: float, freedom: float) -> PairTests:
    """Return the figures of one receiver and its senders.

    Parameters
    ----------
    sums
        Of their scores.
    unit
        In which the sums are, from `score_unit`.
    n_episodes
        With samples.
    freedom
        Share of the samples that the fit leaves.

    Notes
    -----
    The strength is the U-statistic of `convscope.routing.predictive.strength`; its variance comes from the sums alone.
    """
    statistic, dimension = symmetry_statistic(sums.total, sums.products)
    total, n = sums.total / unit, max(n_episodes, 2.0)
    products = sums.products / unit**2
    covariance = products - total[:, :, None] * total[:, None, :] / n
    length = np.square(total).sum(axis=1)
    spread = np.square(covariance).sum(axis=(1, 2))
    linear = 4 * np.einsum("td,tde,te->t", total, covariance, total) * n / (n - 1)
    return PairTests(
        statistic=freedom * statistic,
        dimension=dimension,
        strength=length - np.trace(products, axis1=1, axis2=2),
        # Noise in the sum makes the linear part twice the noise too large.
        variance=np.maximum(linear - 2 * spread, 2 * spread),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Light:
    """Agents that act together at the same step beyond all that was logged, as an unlogged common cause makes them."""

    p_value: float
    """The smallest, family-wise over all pairs that were looked at."""
    n_lit: int
    n_looked_at: int
    strongest: int
    """The pair that shares most."""
    strength: float
    variance: float


def find_light(shared: PairTests, *, alpha: float) -> Light | None:
    """Return the light; None where it is off.

    Parameters
    ----------
    shared
        What the agents of each pair do at the same step, all runs together.
    alpha
        Family-wise level (Bonferroni).
    """
    n_looked_at = int(np.count_nonzero(shared.dimension))
    family = np.minimum(np.nan_to_num(shared.p_value, nan=1.0) * n_looked_at, 1.0)
    is_lit = np.less(family, alpha)
    if not is_lit.any():
        return None
    strongest = int(np.where(is_lit, shared.strength, -np.inf).argmax())
    return Light(
        p_value=float(family.min()),
        n_lit=int(is_lit.sum()),
        n_looked_at=n_looked_at,
        strongest=strongest,
        strength=float(shared.strength[strongest]),
        variance=float(shared.variance[strongest]),
    )


def edge_p_values(edges: PairTests, light: Light | None) -> FloatArray:
    """Return p of each edge; with a light on, also that of being stronger than a common cause could make it.

    Parameters
    ----------
    edges
        All runs together.
    light
        Of the same runs.

    Notes
    -----
    As `convscope.routing.predictive.common_cause.margin_over_common_cause`, one step looked back; edge and light are
    taken for independent. Where episodes that speak for the one also speak for the other (covariance above 0), that
    makes the error too large; were it below 0, the error would be too small and p too. Only sums over episodes are
    kept of a screened team, so that the covariance is not known.
    """
    p_value = edges.p_value
    if light is None:
        return p_value
    error = np.sqrt(np.maximum(edges.variance + light.variance, np.finfo(np.float64).tiny))
    return np.fmax(p_value, np.where(np.isfinite(p_value), ndtr((light.strength - edges.strength) / error), np.nan))
