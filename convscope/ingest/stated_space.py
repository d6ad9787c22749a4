"""Action spaces as JSON states them, in Gymnasium's words."""

from dataclasses import replace
from typing import Any

from convscope.errors import LogFormatError
from convscope.values.header import ActionKind, ActionSpace, ActionSpaceError


def stated_space(entry: object, place: str) -> ActionSpace | None:
    """Return the action space that parsed JSON describes; None for kinds of spaces that a log does not know.

    Parameters
    ----------
    entry
        Nothing about it is trusted.
    place
        Where it stands, for errors.

    Raises
    ------
    LogFormatError
        If there can be no such space: choices or columns that are no count, or beyond all measure.
    """
    try:
        return _space(entry)
    except ActionSpaceError as error:
        raise LogFormatError(f"{place} states an action space that cannot be: {error}") from error


def _space(entry: object) -> ActionSpace | None:
    match entry:
        case {"type": "Discrete", "n": n, "start": start}:
            return _counted_from(start, _discrete(n))
        case {"type": "Discrete", "n": n}:
            return _discrete(n)
        case {"type": "MultiDiscrete", "nvec": [*sizes]}:
            return ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=tuple(sizes), width=len(sizes))
        case {"type": "Box", "shape": [width]}:
            return ActionSpace(kind=ActionKind.CONTINUOUS, width=width)
        case _:
            return None


def _discrete(n: Any) -> ActionSpace:  # noqa: ANN401  whatever the file says: the space checks it
    return ActionSpace(kind=ActionKind.DISCRETE, n=(n,))


def _counted_from(start: object, space: ActionSpace) -> ActionSpace | None:
    """Return a space with room for the numbers below its first; a log counts from 0, so none may be negative."""
    if type(start) is not int or start < 0:
        return None
    return replace(space, n=(space.n[0] + start,))
