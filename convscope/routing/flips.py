"""Sign flips: under the null hypothesis an episode's sum is as likely to point one way as the other.

The same flips serve all pairs, so that the largest statistic gives family-wise control.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray, IntArray

_TIE = 1e-9
# Pairs with fewer exceedances than this after the first draws get more draws: their p must be small enough for a
# false discovery rate over all pairs, whose smallest step is q divided by the number of pairs.
_FEW = 10
_DRAWS_PER_PAIR = 40
_MOST_DRAWS = 40_000
_ENOUGH = 100
"""Tests that so many flips exceed get no more of them: their p is known to a tenth of itself."""
_CHUNK = 250


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitScores:
    """Sums of scores of one run's units (episodes, or groups of them) for many tests."""

    scores: FloatArray
    """Shape (U, C): the columns of the first test, then those of the second, and so on."""
    starts: IntArray
    """First column of each test and the end, shape (tests + 1,)."""
    freedom: FloatArray
    """Share of the samples that a fit over all units leaves, shape (tests,); 1 where nothing was fitted. Residuals vary
    less than errors by this share, but the sum of their scores does not: flips alone would be too small for it."""

    @property
    def n_tests(self) -> int:
        """Number of tests."""
        return len(self.starts) - 1

    def of_tests(self, tests: IntArray) -> "UnitScores":
        """Return the columns of some tests."""
        widths = np.diff(self.starts)[tests]
        bounds = self.starts.tolist()
        columns = [np.arange(bounds[test], bounds[test + 1]) for test in tests.tolist()]
        taken = np.concatenate([*columns, np.zeros(0, dtype=np.int64)])
        return UnitScores(
            scores=self.scores[:, taken],
            starts=np.concatenate([[0], np.cumsum(widths)]),
            freedom=self.freedom[tests],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlipResult:
    """What sign flips say of many tests."""

    p_value: FloatArray
    """Of each test, shape (tests,); NaN where no unit has a score."""
    observed: FloatArray
    """Squared length of the sum, shape (tests,)."""
    draws: FloatArray
    """The same of the first flips, shape (flips, tests)."""

    @property
    def family_p_value(self) -> FloatArray:
        """P corrected for having looked at all tests (largest statistic), shape (tests,)."""
        is_tested = self.observed > 0
        return np.where(is_tested, _family(self.draws, self.observed, is_tested), np.nan)


def one_sided_p(excess: FloatArray, *, n_flips: int, rng: np.random.Generator) -> FloatArray:
    """Test whether means are above zero, by flips of the signs of whole units.

    Parameters
    ----------
    excess
        Value of each unit and test, already weighted, shape (U, tests); 0 where a unit says nothing.
    n_flips
        Number of random flips, and more for tests that few of them exceed; where all of the 2^U are no more than
        that, each is made once.
    rng
        Draws the flips.

    Returns
    -------
    FloatArray
        Shape (tests,); the smallest possible value is one over the number of flips, the identity included.
    """
    observed = excess.sum(axis=0)
    bar = observed - _TIE * np.abs(excess).sum(axis=0)
    every = _all_signs(len(excess), n_flips)
    if every is not None:
        return _share_above((every @ excess >= bar).sum(axis=0), len(every))
    n_above = _count_above(excess, bar, n_flips, rng=rng)
    p_value = _share_above(n_above, n_flips)
    again = np.flatnonzero(n_above < _FEW)
    n_more = _n_more_draws(len(observed), n_flips)
    if n_more > 0 and len(again) > 0:
        n_above[again] += _count_above(excess[:, again], bar[again], n_more, rng=rng)
        p_value[again] = _share_above(n_above[again], n_flips + n_more)
    return p_value


def quadratic_flips(
    strata: Sequence[UnitScores], *, n_flips: int, rng: np.random.Generator, resolves_small: bool = True
) -> FlipResult:
    """Test whether score vectors are centred at zero: squared length of the sum, signs of whole units flipped.

    Parameters
    ----------
    strata
        Scores of each run, with the same tests. The squared lengths add up over runs, so that runs with opposite
        effects strengthen each other; flips never mix runs.
    n_flips
        Number of flips of every test.
    rng
        Draws the flips.
    resolves_small
        Whether tests that few flips exceed get more of them, so that a small p is resolved.

    References
    ----------
    Hemerik, Goeman and Finos, "Robust testing in generalized linear models by sign flipping score contributions",
    Journal of the Royal Statistical Society B 82 (2020). Flips until enough exceed: Besag and Clifford, "Sequential
    Monte Carlo p-values", Biometrika 78 (1991).
    """
    observed = np.sum([_observed(stratum) for stratum in strata], axis=0)
    draws = np.concatenate(list(_draws(strata, n_flips, rng)))
    bar = observed * (1 - _TIE)
    n_above = (draws >= bar).sum(axis=0).astype(np.float64)
    p_value = (1 + n_above) / (1 + n_flips)
    again = np.flatnonzero((n_above < _FEW) & (observed > 0))
    n_more = _n_more_draws(len(observed), n_flips)
    if resolves_small and n_more > 0 and len(again) > 0:
        few = [stratum.of_tests(again) for stratum in strata]
        n_above_more, n_drawn = _until_enough(few, bar[again], n_more, rng=rng)
        p_value[again] = (1 + n_above[again] + n_above_more) / (1 + n_flips + n_drawn)
    return FlipResult(p_value=np.where(observed > 0, p_value, np.nan), observed=observed, draws=draws)


def _family(draws: FloatArray, observed: FloatArray, is_tested: BoolArray) -> FloatArray:
    if not is_tested.any():
        return np.full(len(observed), np.nan)
    # Tests differ in their number of columns: each is put on the scale of its own null before the largest is taken.
    every = np.concatenate([observed[None], draws])
    mean, spread = every.mean(axis=0), every.std(axis=0) + np.finfo(np.float64).tiny
    largest = ((draws - mean) / spread)[:, is_tested].max(axis=1)
    above = (largest[:, None] >= (observed - mean) / spread - _TIE).sum(axis=0)
    return _share_above(above, len(draws))


def _until_enough(
    strata: Sequence[UnitScores], bar: FloatArray, n_flips: int, *, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return how many flips exceed each test's bar, and how many were drawn until enough of them did."""
    n_above, n_drawn = np.zeros(len(bar)), np.zeros(len(bar))
    left, few = np.arange(len(bar)), strata
    for start in range(0, n_flips, _CHUNK):
        n_draws = min(_CHUNK, n_flips - start)
        n_above[left] += (_chunk(few, n_draws, rng) >= bar[left]).sum(axis=0)
        n_drawn[left] += n_draws
        is_enough = n_above[left] >= _ENOUGH
        if is_enough.all():
            break
        if is_enough.any():
            left = left[~is_enough]
            few = [stratum.of_tests(left) for stratum in strata]
    return n_above, n_drawn


def _draws(strata: Sequence[UnitScores], n_flips: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    # In chunks: thousands of flips of hundreds of units would not fit the memory of an analysis.
    for start in range(0, n_flips, _CHUNK):
        yield _chunk(strata, min(_CHUNK, n_flips - start), rng)


def _chunk(strata: Sequence[UnitScores], n_draws: int, rng: np.random.Generator) -> FloatArray:
    total = np.zeros((n_draws, strata[0].n_tests))
    for each in strata:
        total += _squares(each, _random_signs(len(each.scores), n_draws, rng))
    return total


def _observed(stratum: UnitScores) -> FloatArray:
    squares: FloatArray = _squares(stratum, np.ones((1, len(stratum.scores))))[0] * stratum.freedom
    return squares


def _squares(stratum: UnitScores, signs: FloatArray) -> FloatArray:
    result = np.zeros((len(signs), stratum.n_tests))
    widths = np.diff(stratum.starts)
    has_columns = widths > 0
    if not has_columns.any():
        return result
    summed = signs @ stratum.scores
    if (widths == widths[0]).all():
        by_test = summed.reshape(len(signs), stratum.n_tests, -1)
        squares: FloatArray = np.einsum("ntd,ntd->nt", by_test, by_test)
        return squares
    result[:, has_columns] = np.add.reduceat(summed**2, stratum.starts[:-1][has_columns], axis=1)
    return result


def _share_above(n_above: FloatArray | IntArray, n_draws: int) -> FloatArray:
    # The observed value counts as one draw of its own null, so that p is never 0.
    return np.asarray((1.0 + n_above) / (1.0 + n_draws), dtype=np.float64)


def _count_above(excess: FloatArray, bar: FloatArray, n_flips: int, *, rng: np.random.Generator) -> FloatArray:
    n_above = np.zeros(len(bar))
    for start in range(0, n_flips, _CHUNK):
        signs = _random_signs(len(excess), min(_CHUNK, n_flips - start), rng)
        n_above += (signs @ excess >= bar).sum(axis=0)
    return n_above


def _n_more_draws(n_tests: int, n_flips: int) -> int:
    return min(_DRAWS_PER_PAIR * n_tests, _MOST_DRAWS) - n_flips


def _random_signs(n_units: int, n_flips: int, rng: np.random.Generator) -> FloatArray:
    n_signs = n_flips * n_units
    bits = np.unpackbits(np.frombuffer(rng.bytes(-(-n_signs // 8)), dtype=np.uint8), count=n_signs)
    signs: FloatArray = bits.reshape(n_flips, n_units).astype(np.float64)
    return 2 * signs - 1


def _all_signs(n_units: int, n_flips: int) -> FloatArray | None:
    """Return every pattern of signs but the observed one; None when they are more than was asked for."""
    if n_units > 30 or 2**n_units - 1 > n_flips:
        return None
    patterns = np.arange(1, 2**n_units)[:, None] >> np.arange(n_units)
    return np.where(patterns & 1, -1.0, 1.0)
