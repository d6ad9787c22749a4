"""Lists that never explode a page: the first rows, and how many are left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """Some rows of many."""

    rows: tuple[Row, ...]
    n_left: int
    """Rows that are not shown; the page says so and where they are."""


def listing(rows: Sequence[Row], limit: int) -> Listing[Row]:
    """Return the first rows, at most ``limit``."""
    return Listing(rows=tuple(rows[:limit]), n_left=max(0, len(rows) - limit))
