"""What messages tell, and who listens."""

from dataclasses import dataclass

from convscope.report.listing import Listing, listing
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.figures import aligned
from convscope.values.messages import MessageMeasure, MessageMeasures

MAX_ROWS = 12
"""Of each measure."""
_SAID = {
    MessageMeasure.SPEAKER_CONSISTENCY: "Speaker consistency: the message tells what its sender does (signalling)",
    MessageMeasure.INSTANTANEOUS_COORDINATION: "Instantaneous coordination: message and action go together, for "
    "whatever reason",
    MessageMeasure.SOCIAL_INFLUENCE: "Social influence: the listener's logged policy differs with the message, "
    "for whatever reason",
    MessageMeasure.CAUSAL_INFLUENCE: "Causal influence: the sender's own draw of an action that carries the message "
    "changes what the listener does, by the message or by what else the action does",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One figure."""

    sender: str
    receiver: str
    lag: int
    excess: str
    floor: str
    q_value: float
    is_significant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView:
    """What the section shows."""

    n_symbols: int
    measures: tuple[tuple[str, Listing[MessageRow]], ...]
    has_causal: bool
    """Whether anything was measured that shows listening."""


def _view(evidence: Evidence) -> MessagesView | None:
    messages = evidence.messages
    if messages is None or not messages.tests:
        return None
    return MessagesView(
        n_symbols=messages.n_symbols,
        measures=tuple((said, _rows(messages, measure)) for measure, said in _SAID.items() if messages.of(measure)),
        has_causal=bool(messages.of(MessageMeasure.CAUSAL_INFLUENCE)),
    )


def _rows(messages: MessageMeasures, measure: MessageMeasure) -> Listing[MessageRow]:
    tests = sorted(messages.of(measure), key=lambda test: (not test.significant, -test.excess))
    figures = aligned([test.excess for test in tests] + [test.floor for test in tests])
    excess, floors = figures[: len(tests)], figures[len(tests) :]
    rows = [
        MessageRow(
            sender=test.sender,
            receiver=test.receiver,
            lag=test.lag,
            excess=own,
            floor=floor,
            q_value=test.q_value,
            is_significant=test.significant,
        )
        for test, own, floor in zip(tests, excess, floors, strict=True)
    ]
    return listing(rows, MAX_ROWS)


MESSAGES = Section(key="messages", title="Messages", view=_view)
