"""Entropy of what each unit did."""

import numpy as np

from convscope.values.arrays import FloatArray, IntArray


def entropy_by_unit(unit: IntArray, symbol: IntArray, n_units: int) -> FloatArray:
    """Entropy of the symbols of each unit, corrected for short samples.

    Parameters
    ----------
    unit
        Unit of each symbol, shape (D,).
    symbol
        From 0, shape (D,).
    n_units
        Number of units.

    Returns
    -------
    FloatArray
        Nats, shape (units,); NaN for units without a symbol.

    References
    ----------
    Miller, "Note on the bias of information estimates" (1955): plus (kinds seen - 1) / (2 n).
    """
    n_symbols = int(symbol.max()) + 1 if len(symbol) else 1
    pairs, counts = np.unique(unit * n_symbols + symbol, return_counts=True)
    owner = pairs // n_symbols
    n = np.bincount(unit, minlength=n_units).astype(np.float64)
    shares = counts / n[owner]
    plug_in = np.bincount(owner, weights=-shares * np.log(shares), minlength=n_units)
    n_kinds = np.bincount(owner, minlength=n_units)
    corrected = plug_in + (n_kinds - 1) / (2 * np.maximum(n, 1))
    return np.where(n > 0, corrected, np.nan)
