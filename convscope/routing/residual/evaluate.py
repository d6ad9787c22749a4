"""From scores to weights and p values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from convscope.values.arrays import FloatArray

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
    """Of re-drawn actions, shape (D, ...); empty where none were drawn."""

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
        Re-drawn scores, shape (D, ..., k); None where there are none.
    """
    again = np.zeros((0, *score.shape)) if drawn is None else drawn
    return Statistic(
        value=(by.turn(score[None])[0] ** 2).sum(axis=-1),
        n_dimensions=by.n_dimensions,
        drawn=(by.turn(again) ** 2).sum(axis=-1),
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
    n_draws = max(len(part.drawn) for part in parts)
    drawn = [_draws(part, n_draws, rng) for part in parts] if n_draws else [part.drawn for part in parts]
    return Statistic(
        value=np.sum([part.value for part in parts], axis=0),
        n_dimensions=np.sum([part.n_dimensions for part in parts], axis=0),
        drawn=np.sum(drawn, axis=0),
    )


def _draws(part: Statistic, n_draws: int, rng: np.random.Generator) -> FloatArray:
    known = part.drawn if len(part.drawn) else np.zeros((n_draws, *part.value.shape))
    chance = rng.chisquare(np.maximum(part.n_dimensions, 1e-9), size=known.shape)
    has_own = (known > 0).any(axis=0)
    return np.where(has_own, known, np.where(part.n_dimensions > 0, chance, 0.0))


def _p_value(part: Statistic) -> FloatArray:
    # A tail beyond all floats is not 0.
    chi_square = np.maximum(gammaincc(np.maximum(part.n_dimensions, 1e-9) / 2, part.value / 2), np.finfo(float).tiny)
    if not len(part.drawn):
        return np.asarray(chi_square, dtype=np.float64)
    n_above = (part.drawn >= part.value * (1 - 1e-9)).sum(axis=0)
    mean, variance = part.drawn.mean(axis=0), part.drawn.var(axis=0)
    shape = np.where(variance > 0, mean**2 / np.maximum(variance, 1e-300), 1.0)
    tail = np.maximum(gammaincc(shape, shape * part.value / np.maximum(mean, 1e-300)), np.finfo(float).tiny)
    counted = (1 + n_above) / (1 + len(part.drawn))
    by_draws = np.where(n_above < _FEW, np.minimum(tail, counted), counted)
    has_draws = (part.drawn > 0).any(axis=0)
    return np.asarray(np.where(has_draws, by_draws, chi_square), dtype=np.float64)
