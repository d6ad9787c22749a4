"""What a component of the gap is."""

from collections.abc import Callable
from dataclasses import dataclass

from convscope.compare.comparison import Comparison
from convscope.values.gap import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class GapComponent:
    """One component: a name, the function that scores it and the one that says its effect in words."""

    name: str
    score: Callable[[Comparison, str], Component]
    """Takes the comparison and the name."""
    words: Callable[[Component], str]
    """Takes a component that has a value."""


def unscored(name: str, why: str, *, parts: tuple[tuple[str, float], ...] = ()) -> Component:
    """Return a component without a value."""
    return Component(name=name, value=None, why=why, parts=parts)


def share_words(value: float | None) -> str:
    """Return a share as people read it, such as ``38 %``."""
    return "nothing" if value is None else f"{100 * value:.0f} %"
