"""What a look into a file leaves out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from convscope.values.header import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedLink:
    """A link that was not followed."""

    path: str
    reason: str
    """``soft-link``, ``second-name`` or ``named-type``."""


def notices_of(skipped: Sequence[SkippedLink]) -> tuple[Notice, ...]:
    """Say what was left out, a sentence a reason."""
    count = Counter(item.reason for item in skipped)
    first = {item.reason: item.path for item in reversed(skipped)}
    return tuple(
        Notice(code=f"skipped-{reason}", message=f"left out ({count[reason]}): {text}", where=first[reason])
        for reason, text in _SKIPPED.items()
        if count[reason]
    )


_SKIPPED = {
    "soft-link": "soft links are not followed",
    "second-name": "a second name of an object that was read already",
    "named-type": "a named type, which holds no data",
    "opaque": "bytes or numbers of a kind that a log does not need; never unpickled",
    "attribute": "attributes that are no text, numbers or lists of them",
}
