"""Values that were kept one by one, as arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import Numbers, plain_numbers

NUMBERS = frozenset({bool, int, float, *(np.dtype(code).type for code in "?bhilqBHILQefd")})
"""Types of single numbers, which nobody can change afterwards."""


def copied(value: object) -> Any:  # noqa: ANN401  a number or an array
    """Return a value that nobody else can change."""
    return value if type(value) in NUMBERS else np.array(value)


def stacked(field: str, values: Sequence[Any]) -> Numbers:
    """Return values of one shape as an array, of a type that holds them all.

    Raises
    ------
    UsageError
        If they have several shapes, or are no numbers.
    """
    first = values[0]
    if isinstance(first, np.ndarray) and first.dtype.kind in "biuf" and _are_alike(values):
        # Much quicker than stacking thousands of small arrays.
        joined = b"".join([value.tobytes() for value in values])
        return plain_numbers(field, np.ndarray((len(values), *first.shape), first.dtype, joined))
    try:
        return plain_numbers(field, np.array(values))
    except ValueError as error:
        shapes = sorted({np.shape(value) for value in values})
        raise UsageError(f"{field} changes its shape within an episode: {shapes}") from error


def _are_alike(values: Sequence[Any]) -> bool:
    return set(map(type, values)) == {np.ndarray} and len({(value.dtype, value.shape) for value in values}) == 1
