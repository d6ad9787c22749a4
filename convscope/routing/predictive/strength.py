"""How strong an effect is beyond what chance makes of it, and how sure that is: from the scores of units alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convscope.routing.flips import UnitScores
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strengths:
    """Strengths of many tests in one run; of orthonormal scores they are shares of variance, summed over directions."""

    value: FloatArray
    """Squared length of the summed scores, less what flips of signs leave of it, shape (tests,)."""
    by_unit: FloatArray
    """What each unit adds to the value to first order, less its mean over units, shape (U, tests)."""
    chance: FloatArray
    """Squared length that chance alone makes, in the mean, shape (tests,)."""
    spread: FloatArray
    """Half the variance of that length under flips of signs: squared products of different units, shape (tests,)."""

    def of_tests(self, tests: IntArray) -> "Strengths":
        """Return those of some tests."""
        return Strengths(
            value=self.value[tests],
            by_unit=self.by_unit[:, tests],
            chance=self.chance[tests],
            spread=self.spread[tests],
        )

    @property
    def variance(self) -> FloatArray:
        """Variance of each value, shape (tests,)."""
        return variance_of(self.by_unit, self.spread)


def strengths(units: UnitScores) -> Strengths:
    """Return the strengths of all tests of a run.

    Parameters
    ----------
    units
        Scores of at least two units. A test without columns has strength 0.

    Notes
    -----
    The value is a U-statistic of degree two over units (Hoeffding 1948): its variance is that of its linear part, and
    that of the pure noise beside it, which is all there is where the effect is 0.
    """
    total = units.scores.sum(axis=0)
    by_unit = np.stack([2 * (own @ summed) for own, summed in _tests(units, total)], axis=1)
    centred = [own - own.mean(axis=0) for own, _ in _tests(units, total)]
    covariances = [own.T @ own for own in centred]
    return Strengths(
        value=np.array([summed @ summed - np.square(own).sum() for own, summed in _tests(units, total)]),
        by_unit=by_unit - by_unit.mean(axis=0),
        chance=np.array([np.trace(each) for each in covariances]),
        spread=np.array(
            [
                np.square(covariance).sum() - np.square(np.square(own).sum(axis=1)).sum()
                for covariance, own in zip(covariances, centred, strict=True)
            ]
        ),
    )


def variance_of(by_unit: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the variance of strengths, or of their differences, shape (tests,).

    Parameters
    ----------
    by_unit
        What each unit adds, centred, shape (U, tests).
    spread
        Half the variance of the squared length that chance makes, shape (tests,).
    """
    n_units = len(by_unit)
    linear = np.square(by_unit).sum(axis=0) * n_units / max(n_units - 1, 1)
    # Noise in the sum makes the linear part twice the noise too large: where nothing is there, only the noise remains.
    variance: FloatArray = np.maximum(linear - 2 * spread, 2 * spread)
    return variance


def _tests(units: UnitScores, total: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    for start, stop in pairwise(units.starts.tolist()):
        yield units.scores[:, start:stop], total[start:stop]
