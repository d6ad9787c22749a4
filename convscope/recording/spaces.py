"""Action spaces of other libraries, known by what they have so that none of them is imported."""

from math import prod

import numpy as np

from convscope.errors import UsageError
from convscope.values.header import ActionKind, ActionSpace


def action_space_of(space: object) -> ActionSpace:
    """Return an action space as logs describe it.

    Parameters
    ----------
    space
        An `ActionSpace`, or a space of Gymnasium or of a library that follows it: with ``n`` (Discrete), ``nvec``
        (MultiDiscrete) or a ``shape`` (Box, MultiBinary).

    Raises
    ------
    UsageError
        If it is none of these.
    """
    if isinstance(space, ActionSpace):
        return space
    shape, n, nvec = (getattr(space, name, None) for name in ("shape", "n", "nvec"))
    if nvec is not None:
        return _multi_discrete(tuple(int(n) for n in np.ravel(nvec)))
    if type(space).__name__ == "MultiBinary" and shape:
        return _multi_discrete((2,) * prod(shape))
    if n is not None and not shape:
        return ActionSpace(kind=ActionKind.DISCRETE, n=(int(n),))
    if shape is not None:
        return ActionSpace(kind=ActionKind.CONTINUOUS, width=prod(shape))
    name = type(space).__name__
    raise UsageError(f"actions of the space {name} cannot be recorded; known are Discrete, MultiDiscrete and Box")


def first_action(space: object) -> int:
    """Return the number that a discrete space gives its first action; a log counts from 0."""
    start = getattr(space, "start", 0)
    return int(start) if np.ndim(start) == 0 else 0


def _multi_discrete(sizes: tuple[int, ...]) -> ActionSpace:
    return ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=sizes, width=len(sizes))
