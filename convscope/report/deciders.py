"""What decides who plays which role: a bar of shares, and a sentence."""

from dataclasses import dataclass

from convscope.values.explained import Explained
from convscope.values.figures import share

_WORDS = {
    "declared": "declared role",
    "agent": "agent, beyond its declared role",
    "situation": "starting situation, beyond both",
    "unexplained": "unexplained",
}
_LARGE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One piece of the bar."""

    label: str
    kind: int
    """Of its colour."""
    percent: str
    """Width of the piece."""
    share: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciders:
    """What the section shows."""

    slices: tuple[Slice, ...]
    sentence: str


def deciders_of(explained: Explained | None) -> Deciders | None:
    """Return the bar and its sentence; None where nothing was explained."""
    if explained is None:
        return None
    slices = tuple(
        Slice(
            label=_WORDS[name],
            kind=6 if name == "unexplained" else kind,
            percent=f"{100 * part.share:.1f}",
            share=part.share,
            interval=part.interval,
        )
        for kind, (name, part) in enumerate(explained.parts)
        if part is not None
    )
    return Deciders(slices=slices, sentence=_sentence(explained))


def _sentence(explained: Explained) -> str:
    known = [(name, part.share) for name, part in explained.parts if part is not None]
    name, most = max(known, key=lambda item: item[1])
    if most < _LARGE:
        return "No single thing decides who plays which role."
    words = {
        "declared": "Who plays which role is decided mostly by the declared role",
        "agent": "Who plays which role is decided mostly by which agent it is, beyond what was declared",
        "situation": "Who plays which role is decided mostly by how the episode starts",
        "unexplained": "Who plays which role is mostly not explained by declared role, agent or starting situation",
    }
    return f"{words[name]} ({share(most)} of the entropy)."
