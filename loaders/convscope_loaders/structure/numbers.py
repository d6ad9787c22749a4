"""Numbers of arrays, which may hold texts or records where others hold numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.values.arrays import BoolArray, FloatArray


def is_set(numbers: FloatArray, *, is_negated: bool) -> BoolArray:
    """Return where flags are set; those that say that something goes on are set where they are zero."""
    return np.asarray(numbers == 0 if is_negated else numbers > 0, dtype=np.bool_)


def as_numbers(array: npt.NDArray[Any], path: str) -> FloatArray:
    """Return an array as numbers.

    Parameters
    ----------
    array
        Of any type.
    path
        Where it is, for the error.

    Raises
    ------
    LogFormatError
        If it holds anything else.
    """
    if array.dtype.kind not in "biuf":
        raise LogFormatError(f"{path} holds texts or records, where numbers are needed")
    return np.asarray(array, dtype=np.float64)
