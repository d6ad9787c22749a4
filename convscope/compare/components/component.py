"""What a component of the gap is."""

from collections.abc import Callable
from dataclasses import dataclass

from convscope.compare.comparison import Comparison
from convscope.values.gap import Component

NOT_COMPUTED = "not-computed"
"""Reason of a component that applies but that this version does not compute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapComponent:
    """One component: a name and the function that scores it."""

    name: str
    score: Callable[[Comparison, str], Component]
    """Takes the comparison and the name."""


def unscored(name: str, why: str, *, parts: tuple[tuple[str, float], ...] = ()) -> Component:
    """Return a component without a value."""
    return Component(name=name, value=None, why=why, parts=parts)
