"""From scores to weights and p values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from convscope.values.arrays import FloatArray, IntArray

_TOLERANCE = 1e-7
_FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistic:
    """A squared length, on the scale on which its mean under the null is its number of dimensions."""

    value: FloatArray
    """Shape (...)."""
    n_dimensions: FloatArray
    """Shape (...); 0 where nothing could be tested."""
    drawn: FloatArray
    """Of re-drawn actions, shape (D, ...); NaN where these were not drawn."""

    @property
    def n_drawn(self) -> IntArray:
        """How often actions were drawn again, shape (...)."""
        return np.asarray(np.isfinite(self.drawn).sum(axis=0), dtype=np.int64)

    @property
    def n_above(self) -> IntArray:
        """How often that gave as much, shape (...)."""
        return n_as_large(self.drawn, self.value)

    @property
    def p_value(self) -> FloatArray:
        """Chance of a value so large, shape (...); NaN where nothing could be tested.

        From the chi-square distribution where dice are many, else from re-drawn actions; where hardly any of those come
        near, from the gamma distribution with their spread.
        """
        return np.where(self.n_dimensions > 0, _p_value(self), np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whitening:
    """Turns scores into independent ones of variance 1 under the null."""

    matrix: FloatArray
    """Shape (..., k, k); columns of what does not vary are 0."""

    @property
    def n_dimensions(self) -> FloatArray:
        """Dimensions that vary, shape (...)."""
        n_dimensions: FloatArray = (self.matrix != 0).any(axis=-2).sum(axis=-1).astype(np.float64)
        return n_dimensions

    def turn(self, scores: FloatArray) -> FloatArray:
        """Return scores of shape (D, ..., k) on the new axes."""
        turned: FloatArray = np.einsum("d...k,...kj->d...j", scores, self.matrix)
        return turned


def whitening(variance: FloatArray) -> Whitening:
    """Return the whitening of scores with a variance of shape (..., k, k)."""
    values, vectors = np.linalg.eigh(variance)
    is_kept = values > _TOLERANCE * np.maximum(values[..., -1:], 1e-300)
    scale = np.where(is_kept, 1 / np.sqrt(np.where(is_kept, values, 1.0)), 0.0)
    return Whitening(matrix=vectors * scale[..., None, :])


def statistic(score: FloatArray, by: Whitening, drawn: FloatArray | None = None) -> Statistic:
    """Return the squared lengths of whitened scores.

    Parameters
    ----------
    score
        Shape (..., k).
    by
        Their whitening.
    drawn
        Squared lengths of re-drawn scores, shape (D, ...), NaN where they were not drawn; None where none were.
    """
    value = (by.turn(score[None])[0] ** 2).sum(axis=-1)
    return Statistic(
        value=value, n_dimensions=by.n_dimensions, drawn=np.zeros((0, *value.shape)) if drawn is None else drawn
    )


def combined(parts: Sequence[Statistic], rng: np.random.Generator) -> Statistic:
    """Add the statistics of several runs, so that opposite effects in two runs strengthen each other.

    Parameters
    ----------
    parts
        At least one.
    rng
        Draws for runs whose own actions were not drawn again, where those of others were.
    """
    n_dimensions = [part.n_dimensions for part in parts]
    return Statistic(
        value=np.sum([part.value for part in parts], axis=0),
        n_dimensions=np.sum(n_dimensions, axis=0),
        drawn=joint_draws([part.drawn for part in parts], n_dimensions, rng),
    )


def joint_draws(
    drawn: Sequence[FloatArray], n_dimensions: Sequence[FloatArray], rng: np.random.Generator
) -> FloatArray:
    """Return the sums over runs of re-drawn statistics, NaN where no run drew them.

    Parameters
    ----------
    drawn
        Of each run, shape (D, ...), or none at all.
    n_dimensions
        Of each run, shape (...): where others drew, a run that did not follows the chi-square distribution.
    rng
        Draws from that.
    """
    n_draws = max(len(own) for own in drawn)
    total, is_drawn = np.zeros((n_draws, *n_dimensions[0].shape)), np.zeros(n_dimensions[0].shape, dtype=np.bool_)
    for own, width in zip(drawn, n_dimensions, strict=True):
        known = own if len(own) else np.full(total.shape, np.nan)
        if len(drawn) > 1:
            chance = np.where(width > 0, rng.chisquare(np.maximum(width, 1e-9), size=total.shape), 0.0)
            total += np.where(np.isfinite(known), known, chance)
        else:
            total += known
        is_drawn |= np.isfinite(known).any(axis=0)
    return np.where(is_drawn, total, np.nan)


def n_as_large(drawn: FloatArray, value: FloatArray) -> IntArray:
    """Return how many draws of shape (D, ...) reach the values; NaN reaches nothing."""
    return np.asarray((drawn >= value * (1 - 1e-9)).sum(axis=0), dtype=np.int64)


def _p_value(part: Statistic) -> FloatArray:
    # A tail beyond all floats is not 0.
    chi_square = np.maximum(gammaincc(np.maximum(part.n_dimensions, 1e-9) / 2, part.value / 2), np.finfo(float).tiny)
    if not len(part.drawn):
        return np.asarray(chi_square, dtype=np.float64)
    n_above, n_drawn = part.n_above, part.n_drawn
    known = np.where(np.isfinite(part.drawn), part.drawn, 0.0)
    mean = known.sum(axis=0) / np.maximum(n_drawn, 1)
    variance = np.where(np.isfinite(part.drawn), (known - mean) ** 2, 0.0).sum(axis=0) / np.maximum(n_drawn, 1)
    shape = np.where(variance > 0, mean**2 / np.maximum(variance, 1e-300), 1.0)
    tail = np.maximum(gammaincc(shape, shape * part.value / np.maximum(mean, 1e-300)), np.finfo(float).tiny)
    counted = (1 + n_above) / (1 + n_drawn)
    by_draws = np.where(n_above < _FEW, np.minimum(tail, counted), counted)
    return np.asarray(np.where((n_drawn > 0) & (mean > 0), by_draws, chi_square), dtype=np.float64)
