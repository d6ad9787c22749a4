"""What a mapping says of weights between pairs that have no column for every agent: slots, and lists of edges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from convscope.values.fields import NO_SLOT

if TYPE_CHECKING:
    from convscope.ingest.mapping import ArrayMapping


class Absent(StrEnum):
    """What it says of a pair that it has no slot, or is in no list of edges."""

    ZERO = "zero"
    """It could have had a weight; that was 0, or too small to be kept."""
    NO_SLOT = "no-slot"
    """The receiver could not attend to the sender in that step."""

    @property
    def weight(self) -> float:
        """What stands in the cell of such a pair."""
        return 0.0 if self is Absent.ZERO else NO_SLOT


class SlotOrder(StrEnum):
    """An order of slots that needs no list."""

    OTHERS = "others"
    """All agents but the one whose slots they are, in the order of the agents."""
    SELF_FIRST = "self-first"
    """That one, and then all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotMapping:
    """Which agent each entry of a slot axis is; one of the first three is given."""

    order: SlotOrder | None = None
    array: "ArrayMapping | None" = None
    """Numbers of agents, with some of the axes of the weights; negative numbers and NaN stand for none."""
    agents: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Names of the agents in the slots of each agent, an empty one for none."""
    absent: Absent | None = None
    """Of agents in no slot; None where every agent has one, by ``order``."""
    first: int = 0
    """Number of the first agent."""
    empty: tuple[int, ...] = ()
    """Other numbers that stand for no agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeMapping:
    """Which pair each entry of an edge axis is.

    Where the edges of each step have rows of their own, the arrays of both ends share the axes of steps with the
    weights. Where all edges stand in one list, one of ``step``, ``counts`` and ``starts`` says which step is whose.
    """

    sender: "ArrayMapping"
    """Numbers of agents; negative numbers and NaN stand for no edge."""
    receiver: "ArrayMapping"
    step: "ArrayMapping | None" = None
    """Entry of each edge on the row or time axis of the log, in rising order."""
    episode: "ArrayMapping | None" = None
    """Entry of each edge on the episode axis, beside ``step``, where the log's arrays have one."""
    counts: "ArrayMapping | None" = None
    """How many edges each step has."""
    starts: "ArrayMapping | None" = None
    """First edge of each step; one entry more is the number of all edges."""
    absent: Absent
    first: int = 0
    """Number of the first agent."""
    empty: tuple[int, ...] = ()
    """Other numbers that stand for no edge."""

    def arrays(self) -> Iterator[tuple[str, "ArrayMapping"]]:
        """Return the arrays that are given, with what they are called in a mapping file."""
        told = {
            "sender": self.sender,
            "receiver": self.receiver,
            "step": self.step,
            "episode": self.episode,
            "counts": self.counts,
            "starts": self.starts,
        }
        return ((name, array) for name, array in told.items() if array is not None)
