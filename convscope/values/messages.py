"""What messages tell of their senders, and what their listeners make of them."""

from dataclasses import dataclass
from enum import StrEnum

from convscope.values.header import Notice


class MessageMeasure(StrEnum):
    """Which question a figure answers."""

    SPEAKER_CONSISTENCY = "speaker-consistency"
    """Does a message tell what its own sender does? Signalling, not listening."""
    INSTANTANEOUS_COORDINATION = "instantaneous-coordination"
    """Do messages and the listener's actions go together? Whatever both of them saw counts as well."""
    SOCIAL_INFLUENCE = "social-influence"
    """Does the listener's logged policy differ with the message, given what the listener did last?"""
    CAUSAL_INFLUENCE = "causal-influence"
    """Does the listener act otherwise because of the part of a message that was the sender's own draw?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTest:
    """One figure, of all analysed runs together."""

    measure: MessageMeasure
    sender: str
    receiver: str
    """Whose action it is; the sender itself for speaker consistency."""
    lag: int
    """Timesteps from the message to the action."""
    bits: float
    """Mutual information, 0 = none; biased upwards by about `floor`."""
    floor: float
    """Mean of the same figure under the null."""
    p_value: float
    q_value: float
    """Over all senders, receivers and lags of the same measure."""
    significant: bool

    @property
    def excess(self) -> float:
        """Bits beyond the floor: 0 on average where there is nothing, so that it may be negative."""
        return self.bits - self.floor


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMeasures:
    """What was measured of broadcast messages."""

    n_symbols: int
    """Kinds of message that are told apart, at most."""
    tests: tuple[MessageTest, ...]
    """By measure, sender, receiver and lag."""
    notices: tuple[Notice, ...] = ()

    def of(self, measure: MessageMeasure) -> tuple[MessageTest, ...]:
        """Return the figures that answer one question."""
        return tuple(test for test in self.tests if test.measure is measure)
