"""How long an agent is in each value of the categorical fields that only this log knows."""

import numpy as np

from convscope.features.changes import categorical, short_name
from convscope.features.decisions import Decisions
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.header import LogHeader


class InfoValues:
    """Share of steps in each value of fields such as ``info/held``.

    Only fields whose values have names; bare numbers may be anything, an agent's number among them. A field that
    never changes within an episode is a label, not behaviour, and is left out of the table. Up to 16 fields of up to 32
    values each.

    References
    ----------
    Altmann, "Observational study of behavior: sampling methods" (1974), of time spent in states.
    """

    name = "info values"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the categorical fields."""
        return frozenset(spec.name for spec in categorical(header))

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no categorical fields."""
        return None if categorical(header) else "the log holds no further fields whose values have names"

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name a share for each value of each field."""
        return tuple(
            Feature(
                name=f"share of steps with {short_name(spec)} {value}", unit="share of steps", family=self.name,
                high=f"often {short_name(spec)} {value}", low=f"seldom {short_name(spec)} {value}",
            )
            for spec in categorical(header)
            for value in spec.values
        )  # fmt: skip

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Count the values of each unit."""
        columns: list[FloatArray] = []
        for spec in categorical(header):
            values = decisions.vectors(spec.name)[:, 0]
            columns += [decisions.share(values == code, np.isfinite(values)) for code in range(len(spec.values))]
        return np.column_stack(columns)


INFO_VALUES = InfoValues()
