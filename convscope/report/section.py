"""A section of the page."""

from collections.abc import Callable
from dataclasses import dataclass

from convscope.values.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: what it shows, and under which name."""

    key: str
    """Anchor, and name of the template ``sections/<key>.html``."""
    title: str
    view: Callable[[Evidence], object]
    """Returns what the template shows, as ``view``; None leaves the section out."""
