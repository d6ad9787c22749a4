"""How units scatter within groups."""

import numpy as np

from convscope.values.arrays import FloatArray


def spread_within(deviations: FloatArray) -> FloatArray:
    """Return the covariance within groups, drawn to its diagonal by as many units as there are columns, shape (C, C).

    Parameters
    ----------
    deviations
        Of each unit from the mean of its group, shape (U, C).
    """
    n_units, n_columns = deviations.shape
    covariance = deviations.T @ deviations / n_units
    diagonal = np.diag(np.diag(covariance))
    drawn = (n_units * covariance + n_columns * diagonal) / (n_units + n_columns)
    # A direction without any spread within groups would be infinitely telling.
    floor = 1e-3 * max(float(np.trace(covariance)) / n_columns, np.finfo(np.float64).tiny)
    return np.asarray(drawn + floor * np.eye(n_columns))
