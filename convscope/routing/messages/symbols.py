"""Vectors as symbols: what is discrete stays as it is, the rest is cut at medians."""

from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

MOST_SYMBOLS = 24
"""Distinct vectors up to which nothing is lost."""
_MOST_CUT = 3
_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Symbols:
    """Symbols of vectors, numbered from 0."""

    codes: IntArray
    """Of each vector; -1 where nothing is known of it."""
    n: int
    """Number of symbols, 0 where nothing is known."""
    is_cut: bool
    """Whether vectors that differ share a symbol."""


def symbols(vectors: FloatArray) -> Symbols:
    """Give each vector a symbol.

    Parameters
    ----------
    vectors
        Shape (..., M); all-NaN where there is none. A component that is missing beside others counts as 0.

    Returns
    -------
    Symbols
        Of shape (...). Up to `MOST_SYMBOLS` distinct vectors (to six decimals) have a symbol each; of more, the three
        components that vary most are each cut at their median, which makes up to eight symbols.
    """
    flat = vectors.reshape(-1, vectors.shape[-1])
    is_known = np.isfinite(flat).any(axis=1)
    known = np.round(np.nan_to_num(flat[is_known], posinf=0.0, neginf=0.0), _DECIMALS)
    distinct, own = np.unique(known, axis=0, return_inverse=True)
    is_cut = len(distinct) > MOST_SYMBOLS
    if is_cut:
        widest = np.sort(np.argsort(-known.var(axis=0), kind="stable")[:_MOST_CUT])
        above = known[:, widest] > np.median(known[:, widest], axis=0)
        distinct, own = np.unique(above @ (1 << np.arange(len(widest))), return_inverse=True)
    codes = np.full(len(flat), -1)
    codes[is_known] = own.ravel()
    return Symbols(codes=codes.reshape(vectors.shape[:-1]), n=len(distinct), is_cut=is_cut)
