"""How what an agent sees changes, without knowing which column means what."""

import numpy as np

from convscope.features.decisions import Decisions
from convscope.features.family import features_of, lacks_field
from convscope.features.series import effective_dimensions, relative_change
from convscope.features.spaces import shared_width, where_shared
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.fields import OBSERVATIONS
from convscope.values.header import LogHeader


class Observations:
    """Step-to-step change of observations against their spread, and the number of directions in which they vary.

    Both ignore what stays constant in an episode, such as an agent's own number, and the order of the columns. Given
    for the agents whose observations have the width that most have, null for the others.
    """

    name = "observations"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the observations."""
        return frozenset({OBSERVATIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no observations, or none that can be compared."""
        missing = lacks_field(header, OBSERVATIONS)
        is_shared = missing is None and shared_width(header, OBSERVATIONS) is not None
        return missing or (None if is_shared else "no two agents have the same observation space")

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            (
                "change of observation per step",
                "of its spread",
                "what it sees changes fast",
                "what it sees changes slowly",
            ),
            ("dimensions of observation", "directions", "sees varied situations", "sees uniform situations"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Summarise each unit's observations."""
        seen = decisions.vectors(OBSERVATIONS)
        values = np.column_stack([relative_change(seen, decisions), effective_dimensions(seen, decisions)])
        return where_shared(values, header, OBSERVATIONS, n_episodes=len(decisions.block.episodes))


OBSERVATIONS_FAMILY = Observations()
