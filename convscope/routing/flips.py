"""Sign flips: under the null hypothesis an episode's sum is as likely to point one way as the other.

The same flips serve all pairs, so that the largest statistic gives family-wise control.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.near_level import MOST_DRAWS, draw_until_settled, is_near
from convscope.values.arrays import BoolArray, FloatArray, IntArray

_TIE = 1e-9
# Pairs with fewer exceedances than this after the first draws get more draws: their p must be small enough for a
# false discovery rate over all pairs, whose smallest step is q divided by the number of pairs.
_FEW = 10
_DRAWS_PER_PAIR = 40
_ENOUGH = 100
"""Tests that so many flips exceed get no more of them: their p is known to a tenth of itself."""
_CHUNK = 250
_MOST_TIMES = 10


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


def one_sided_p(excess: FloatArray, *, n_flips: int, q: float = 0.05, rng: np.random.Generator) -> FloatArray:
    """Test whether means are above zero, by flips of the signs of whole units.

    Parameters
    ----------
    excess
        Value of each unit and test, already weighted, shape (U, tests); 0 where a unit says nothing.
    n_flips
        Number of random flips, and more for tests that few of them exceed; where all of the 2^U are no more than
        that, each is made once.
    q
        False discovery rate at which tests are claimed: those near it are flipped until that is settled.
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
    n_drawn = np.full(len(bar), n_flips)
    again = np.flatnonzero(n_above < _FEW)
    n_more = _n_more_draws(len(observed), n_flips)
    if n_more > 0 and len(again) > 0:
        n_above[again] += _count_above(excess[:, again], bar[again], n_more, rng=rng)
        n_drawn[again] += n_more

    def more(tests: IntArray, n: int) -> FloatArray:
        return _count_above(excess[:, tests], bar[tests], n, rng=rng)

    return draw_until_settled(n_above, n_drawn, is_tested=np.asarray((excess != 0).any(axis=0)), more=more, q=q)


def quadratic_flips(
    strata: Sequence[UnitScores], *, n_flips: int, q: float = 0.05, rng: np.random.Generator
) -> FloatArray:
    """Test whether score vectors are centred at zero: squared length of the sum, signs of whole units flipped.

    Parameters
    ----------
    strata
        Scores of each run, with the same tests. The squared lengths add up over runs, so that runs with opposite
        effects strengthen each other; flips never mix runs.
    n_flips
        Number of flips of every test.
    q
        False discovery rate at which tests are claimed. Tests that few flips exceed get more of them, so that a small p
        is resolved; those near that rate are flipped until the claim is settled.
    rng
        Draws the flips.

    References
    ----------
    Hemerik, Goeman and Finos, "Robust testing in generalized linear models by sign flipping score contributions",
    Journal of the Royal Statistical Society B 82 (2020). Flips until enough exceed: Besag and Clifford, "Sequential
    Monte Carlo p-values", Biometrika 78 (1991).
    """
    observed = np.sum([_observed(stratum) for stratum in strata], axis=0)
    draws = np.concatenate(list(_draws(strata, n_flips, rng)))
    bar, is_tested = observed * (1 - _TIE), np.asarray(observed > 0)
    n_above, n_drawn = (draws >= bar).sum(axis=0).astype(np.float64), np.full(len(bar), float(n_flips))
    again = np.flatnonzero((n_above < _FEW) & is_tested)
    n_more = _n_more_draws(len(observed), n_flips)
    if n_more > 0 and len(again) > 0:
        few = [stratum.of_tests(again) for stratum in strata]
        n_above_more, n_drawn_more = _until_enough(few, bar[again], n_more, rng=rng)
        n_above[again] += n_above_more
        n_drawn[again] += n_drawn_more

    def more(tests: IntArray, n: int) -> FloatArray:
        few = [stratum.of_tests(tests) for stratum in strata]
        above = [(each >= bar[tests]).sum(axis=0) for each in _draws(few, n, rng)]
        return np.asarray(np.sum(above, axis=0), dtype=np.float64)

    p_value = draw_until_settled(n_above, n_drawn, is_tested=is_tested, more=more, q=q)
    return np.where(is_tested, p_value, np.nan)


def family_flips(strata: Sequence[UnitScores], *, n_flips: int, alpha: float, rng: np.random.Generator) -> FloatArray:
    """Test as `quadratic_flips` does, corrected for having looked at all tests (largest statistic).

    Parameters
    ----------
    strata, rng
        As there.
    n_flips
        Number of flips, and up to ten times as many while other flips could put a test on the other side of the level.
    alpha
        Level.
    """
    observed = np.sum([_observed(stratum) for stratum in strata], axis=0)
    is_tested = np.asarray(observed > 0)
    draws, p_value = np.zeros((0, len(observed))), np.full(len(observed), np.nan)
    for _ in range(_MOST_TIMES):
        draws = np.concatenate([draws, *_draws(strata, n_flips, rng)])
        p_value = np.where(is_tested, _family(draws, observed, is_tested), np.nan)
        if not is_near(p_value, len(draws), alpha).any():
            break
    return p_value


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
    return min(_DRAWS_PER_PAIR * n_tests, MOST_DRAWS) - n_flips


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
