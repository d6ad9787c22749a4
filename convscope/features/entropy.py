"""Entropy of what each unit did."""

import numpy as np

from convscope.values.arrays import FloatArray, IntArray


def entropy_by_unit(unit: IntArray, symbol: IntArray, n_units: int, *, is_corrected: bool = True) -> FloatArray:
    """Entropy of the symbols of each unit.

    Parameters
    ----------
    unit
        Unit of each symbol, shape (D,).
    symbol
        Any whole numbers, shape (D,).
    n_units
        Number of units.
    is_corrected
        Whether to correct for short samples.

    Returns
    -------
    FloatArray
        Nats, shape (units,); NaN for units without a symbol.

    References
    ----------
    Miller, "Note on the bias of information estimates" (1955): plus (kinds seen - 1) / (2 n).
    """
    # Numbered by what occurs: a log may claim more symbols than memory could count.
    kinds, code = np.unique(symbol, return_inverse=True)
    pairs, counts = np.unique(unit * max(len(kinds), 1) + code, return_counts=True)
    owner = pairs // max(len(kinds), 1)
    n = np.bincount(unit, minlength=n_units).astype(np.float64)
    shares = counts / n[owner]
    entropy = np.bincount(owner, weights=-shares * np.log(shares), minlength=n_units)
    if is_corrected:
        n_kinds = np.bincount(owner, minlength=n_units)
        entropy = entropy + (n_kinds - 1) / (2 * np.maximum(n, 1))
    return np.where(n > 0, entropy, np.nan)
