"""How an agent uses its hidden state."""

import numpy as np

from convscope.features.decisions import Decisions
from convscope.features.family import features_of, lacks_field
from convscope.features.series import effective_dimensions, mean_size, relative_change
from convscope.features.spaces import shared_width, where_shared
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.fields import HIDDEN_STATES
from convscope.values.header import LogHeader


class HiddenStates:
    """Size of the hidden state, its step-to-step change against its spread, and the directions in which it varies.

    None depends on the order of the units, which may differ between separately trained networks.
    """

    name = "hidden states"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the hidden states."""
        return frozenset({HIDDEN_STATES})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no hidden states, or none that can be compared."""
        missing = lacks_field(header, HIDDEN_STATES)
        is_shared = missing is None and shared_width(header, HIDDEN_STATES) is not None
        return missing or (None if is_shared else "no two agents have hidden states of the same width")

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("size of hidden state", "activation", "strong hidden activity", "weak hidden activity"),
            ("change of hidden state per step", "of its spread", "short memory", "slowly changing memory"),
            ("dimensions of hidden state", "directions", "varied hidden states", "uniform hidden states"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Summarise each unit's hidden states."""
        held = decisions.vectors(HIDDEN_STATES)
        summaries = (mean_size, relative_change, effective_dimensions)
        values = np.column_stack([summary(held, decisions) for summary in summaries])
        return where_shared(values, header, HIDDEN_STATES, n_episodes=len(decisions.block.episodes))


HIDDEN_STATES_FAMILY = HiddenStates()
