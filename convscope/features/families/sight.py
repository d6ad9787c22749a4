"""What an agent sees of itself, of others and of the world, where a layout says which columns are about what."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.features.family import features_of, lacks_field
from convscope.features.series import relative_change
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.fields import OBSERVATIONS
from convscope.values.header import LogHeader
from convscope.values.layout import ReceiverLayout, SlotKind


class Sight:
    """Share of the others in sight, and how fast changes what an agent sees of itself, of others and of the world.

    Another agent is out of sight at a step when all columns that describe it are 0, as environments show it; the share
    is over steps and slots. The change is von Neumann's ratio, halved, the mean over the columns of a part (as in the
    family of observations): it has no unit and does not depend on how many columns there are, nor on their order, so
    that agents with observations of different width compare. Parts are those of the layout file; without one there
    are no such features.

    References
    ----------
    von Neumann, "Distribution of the ratio of the mean square successive difference to the variance" (1941).
    """

    name = "sight"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the observations."""
        return frozenset({OBSERVATIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no observations, or no layout of them."""
        is_laid_out = header.layout is not None and any(header.layout.of(agent.name) for agent in header.agents)
        return lacks_field(header, OBSERVATIONS) or (
            None if is_laid_out else "no layout says what the columns of observations are about"
        )

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        changes = (
            (f"change of what it sees of {part}", "of its spread", f"its view of {part} changes fast",
             f"its view of {part} changes slowly")
            for part in ("itself", "others", "the world")
        )  # fmt: skip
        sight = ("others in sight", "share of others", "sees most others", "sees few others")
        return features_of(self.name, (sight, *changes))

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Summarise the parts of each layout for the agents that it describes."""
        values = np.full((decisions.n_units, 4), np.nan)
        seen = decisions.vectors(OBSERVATIONS)
        for number, agent in enumerate(header.agents):
            layout = None if header.layout is None else header.layout.of(agent.name)
            if layout is not None:
                mine = decisions.of_one(number)
                units = np.arange(number, decisions.n_units, decisions.n_agents)
                values[units] = _summaries(seen[decisions.agent == number], layout, mine, name=agent.name)[units]
        return values


SIGHT = Sight()


def _summaries(seen: FloatArray, layout: ReceiverLayout, decisions: Decisions, *, name: str) -> FloatArray:
    slots = [slot for slot in layout.slots if not (slot.kind is SlotKind.AGENT and slot.agent == name)]
    own = [*layout.own, *(c for slot in layout.slots if slot not in slots for c in slot.columns)]
    others = [column for slot in slots for column in slot.columns]
    in_sight = np.zeros(len(seen))
    for slot in slots:
        part = seen[:, list(slot.columns)]
        in_sight += np.where(np.isfinite(part).any(axis=1), np.nan_to_num(part).any(axis=1), np.nan)
    share = decisions.mean(ratio(in_sight, np.full(len(seen), float(len(slots)))))
    changes = [relative_change(seen[:, columns], decisions) for columns in (own, others, list(layout.world))]
    return np.column_stack([share, *changes])
