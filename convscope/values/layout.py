"""What the columns of an observation are about: which describe which agent, the agent itself, or the world."""

from dataclasses import dataclass
from enum import StrEnum

from convscope.values.html import Html, box, table


class SlotKind(StrEnum):
    """How a slot says which agent it describes."""

    AGENT = "agent"
    """Always the same agent, by name; where that is the receiver, the columns are about itself."""
    OTHER = "other"
    """The k-th of the agents other than the receiver, in the log's order."""
    NEAREST = "nearest"
    """The k-th nearest of the other agents at that step, by the positions of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Columns of an observation that describe one other agent."""

    kind: SlotKind
    agent: str | None = None
    """Name of the agent described, where the kind is `SlotKind.AGENT`."""
    rank: int = 0
    """From 1, of the other kinds."""
    columns: tuple[int, ...]
    """Ascending, from 0."""

    @property
    def label(self) -> str:
        """What the slot describes, in a word or two."""
        return self.agent if self.agent is not None else f"{self.kind} {self.rank}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverLayout:
    """What the observation columns of some agents are about; a column that is in no part of it is unknown."""

    name: str
    """As the layout file calls these agents."""
    agents: tuple[str, ...]
    """Whose observations it describes, in log order."""
    own: tuple[int, ...] = ()
    """Columns about the receiver itself."""
    world: tuple[int, ...] = ()
    """Columns about anything that is no agent of the log."""
    slots: tuple[Slot, ...] = ()
    """In the order of the file; no two share a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationLayout:
    """The layout of a log's observations, as a layout file declares it."""

    receivers: tuple[ReceiverLayout, ...]
    """No two describe the same agent."""
    sha256: str | None = None
    """Digest of the layout file; None for a layout made in a notebook."""

    def of(self, agent: str) -> ReceiverLayout | None:
        """Return the layout of an agent's observations; None where none was declared."""
        return next((each for each in self.receivers if agent in each.agents), None)

    def _repr_html_(self) -> Html:
        rows = [
            (", ".join(each.agents), slot.label, ", ".join(map(str, slot.columns)))
            for each in self.receivers
            for slot in each.slots
        ]
        return box("Observation layout", table("Slots", ("receivers", "describes", "columns"), rows))
