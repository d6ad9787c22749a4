"""Equal rows get equal numbers."""

import numpy as np

from convscope.values.arrays import FloatArray, IntArray


def row_numbers(rows: FloatArray | IntArray) -> IntArray:
    """Return a number for each row, from 0, equal for equal rows, shape (n,).

    Parameters
    ----------
    rows
        Shape (n, columns).
    """
    number = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        # Numbered among those that occur, so that no code can overflow; several times faster than whole rows at once.
        code = np.unique(column, return_inverse=True)[1]
        number = np.unique(number * (int(code.max(initial=0)) + 1) + code, return_inverse=True)[1].astype(np.int64)
    return number
