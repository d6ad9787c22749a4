"""How unlikely a sum of scores is under flips of signs, without drawing any: p as small as a million pairs need."""

import numpy as np

from convscope.values.arrays import FloatArray

_CONSTANT = 2 * float(np.e) ** 3 / 9
_LEFT = 1e-9


def symmetry_statistic(total: FloatArray, products: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the squared length of sums of scores in the scores' own measure, and its dimensions.

    Parameters
    ----------
    total
        Sum of the score vectors of all episodes, of each test, shape (tests, D).
    products
        Sum of their products, shape (tests, D, D).

    Returns
    -------
    statistic, dimension
        Shape (tests,); 0 and 0 where no episode has a score. Both add up over runs.
    """
    size, axes = np.linalg.eigh(products)
    largest = np.maximum(size.max(axis=1, keepdims=True, initial=0.0), np.finfo(np.float64).tiny)
    is_there = size > _LEFT * largest
    along = np.einsum("td,tdk->tk", total, axes)
    statistic: FloatArray = np.where(is_there, along**2 / np.where(is_there, size, 1.0), 0.0).sum(axis=1)
    return statistic, is_there.sum(axis=1).astype(np.float64)


def symmetry_p_value(statistic: FloatArray, dimension: FloatArray) -> FloatArray:
    """Return a p that is never too small, whatever the number of episodes; NaN where there is no dimension.

    Parameters
    ----------
    statistic, dimension
        From `symmetry_statistic`.

    Notes
    -----
    Where each episode's score is as likely to point one way as the other, the chance of a sum as long as this is below
    4.47 times that of a Gaussian vector: an inequality, not a limit. The price is that p is up to 4.47 times too large.

    References
    ----------
    Pinelis, "Extremal probabilistic problems and Hotelling's T2 test under a symmetry condition", Annals of Statistics
    22 (1994).
    """
    from scipy.special import gammaincc  # noqa: PLC0415  only large teams need it

    has_scores = dimension > 0
    tail = gammaincc(np.where(has_scores, dimension, 1.0) / 2, statistic / 2)
    return np.where(has_scores, np.minimum(_CONSTANT * tail, 1.0), np.nan)
