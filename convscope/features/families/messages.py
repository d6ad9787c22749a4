"""How much, how variedly and how often anew an agent speaks."""

import numpy as np

from convscope.features.decisions import Decisions
from convscope.features.entropy import entropy_by_unit
from convscope.features.family import features_of, lacks_field
from convscope.features.numbering import row_numbers
from convscope.features.spaces import shared_width
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.features import Feature
from convscope.values.fields import MESSAGES
from convscope.values.header import LogHeader

DECIMALS = 3
"""Messages that agree to this many decimals are the same word."""


class Messages:
    """Rate, variety and change of broadcast messages.

    A message of zeros is silence. Variety is the entropy of the distinct messages that a unit sent, with Miller's
    correction; change the share of steps with another message than at the decision before.

    References
    ----------
    Shannon, "A mathematical theory of communication" (1948); Miller, "Note on the bias of information estimates"
    (1955).
    """

    name = "messages"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the messages."""
        return frozenset({MESSAGES})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no messages, or none that can be compared."""
        missing = lacks_field(header, MESSAGES)
        return missing or (None if shared_width(header, MESSAGES) is not None else "no two agents' messages are alike")

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("share of steps with a message", "share of steps", "speaks often", "speaks seldom"),
            ("variety of messages", "nats", "varied messages", "few kinds of message"),
            ("change of message", "share of steps", "changes its message often", "keeps to its message"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Find the distinct messages and count them per unit."""
        messages = np.round(decisions.vectors(MESSAGES), DECIMALS)
        is_known: BoolArray = np.asarray(np.isfinite(messages).any(axis=1))
        heard = np.nan_to_num(messages, nan=0.0)
        word = row_numbers(heard)
        words = np.where(is_known, word.astype(np.float64), np.nan)
        is_sent = (heard != 0).any(axis=1)
        before = decisions.previous(words)
        variety = entropy_by_unit(decisions.unit[is_known], word[is_known], decisions.n_units)
        changes = decisions.share(words != before, np.isfinite(words) & np.isfinite(before))
        return np.column_stack([decisions.share(is_sent, is_known), variety, changes])


MESSAGES_FAMILY = Messages()
