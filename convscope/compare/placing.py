"""Results in the order of the log's roles: they are computed in the order of names."""

from dataclasses import replace

import numpy as np

from convscope.values.arrays import FloatArray
from convscope.values.conventions import Renaming


def placed(matrix: FloatArray, roles: tuple[str, ...], names: tuple[str, ...]) -> FloatArray:
    """Return a matrix over ``roles`` in the order of ``names``."""
    places = [roles.index(name) for name in names]
    return matrix[np.ix_(places, places)]


def renaming_placed(found: Renaming, roles: tuple[str, ...], names: tuple[str, ...]) -> Renaming:
    """Return a renaming of ``roles`` in the order of ``names``."""
    new = dict(zip(roles, found.behaves_as, strict=True))
    return replace(found, behaves_as=tuple(new[name] for name in names))
