"""How hard and how steadily each agent acts, where actions are continuous."""

import numpy as np

from convscope.features.decisions import Decisions
from convscope.features.family import features_of, lacks_field
from convscope.features.series import relative_change
from convscope.features.spaces import shared_space
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.features import Feature
from convscope.values.fields import ACTIONS
from convscope.values.header import ActionKind, LogHeader

MAX_COMPONENTS = 16
"""Above this only the magnitude and its changes are given."""


class ContinuousActions:
    """Magnitude of actions, their change and spread, and the mean of each component.

    Size is the mean length of the action; change the mean length of its difference from the decision before; spread the
    root mean square distance from the unit's mean action; change against spread von Neumann's ratio, halved (1 = no
    memory, 0 = drifts slowly), the mean over the components. Given for the agents with the action space that most
    agents have, null for the others.

    References
    ----------
    von Neumann, "Distribution of the ratio of the mean square successive difference to the variance" (1941).
    """

    name = "continuous actions"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the actions."""
        return frozenset({ACTIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no continuous actions, or none that can be compared."""
        if all(agent.action_space.kind is not ActionKind.CONTINUOUS for agent in header.agents):
            return lacks_field(header, ACTIONS) or "the actions are discrete"
        missing = lacks_field(header, ACTIONS)
        is_shared = shared_space(header, ActionKind.CONTINUOUS) is not None
        return missing or (None if is_shared else "no two agents have the same action space")

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name magnitude, change and components."""
        rows = (
            ("size of actions", "norm", "strong actions", "weak actions"),
            ("change of action per step", "norm", "restless actions", "steady actions"),
            ("spread of actions", "norm", "varied actions", "uniform actions"),
            ("change of action against its spread", "of its spread", "actions without a trend", "gliding actions"),
        )
        means = tuple(
            Feature(name=f"mean of action part {c + 1}", unit="action", family=self.name) for c in range(_width(header))
        )
        return (*features_of(self.name, rows), *means)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Average over each unit's decisions."""
        width, is_mine = _shared(header)
        actions = decisions.vectors(ACTIONS)[:, :width].copy()
        actions[~is_mine[decisions.agent]] = np.nan
        size = np.sqrt((actions**2).sum(axis=1))
        change = np.sqrt(((actions - decisions.previous(actions)) ** 2).sum(axis=1))
        means = decisions.means(actions)
        spread = np.sqrt(decisions.mean(((actions - means[decisions.unit]) ** 2).sum(axis=1)))
        trend = relative_change(actions, decisions)
        return np.column_stack(
            [decisions.mean(size), decisions.mean(change), spread, trend, means[:, : _width(header)]]
        )


CONTINUOUS_ACTIONS = ContinuousActions()


def _shared(header: LogHeader) -> tuple[int, BoolArray]:
    shared = shared_space(header, ActionKind.CONTINUOUS)
    return (0, np.zeros(len(header.agents), dtype=np.bool_)) if shared is None else (shared[0].width, shared[1])


def _width(header: LogHeader) -> int:
    width = _shared(header)[0]
    return width if width <= MAX_COMPONENTS else 0
