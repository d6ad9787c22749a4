"""How differently the agents of a team behave, under the names that the literature gives it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from convscope.values.figures import figure
from convscope.values.header import Notice
from convscope.values.html import Html, box, table


class DiversityMeasure(StrEnum):
    """What is measured; the docstrings say what 0 and the largest value mean."""

    SYSTEM_NEURAL_DIVERSITY = "system-neural-diversity"
    """Mean distance between two agents' action distributions."""
    HIERARCHIC_SOCIAL_ENTROPY = "hierarchic-social-entropy"
    """Entropy of the groups of agents that are alike up to a distance, added up over all distances."""
    ROLE_DIVERSITY_ACTION = "role-diversity-action"
    """Mean divergence of two agents' action distributions within parts of an episode."""
    ROLE_DIVERSITY_TRAJECTORY = "role-diversity-trajectory"
    """Mean share of two agents' places that they do not share."""
    ROLE_DIVERSITY_CONTRIBUTION = "role-diversity-contribution"
    """Mean difference of two agents' shares of the team's reward."""


class DiversityBasis(StrEnum):
    """What of the log a figure is computed from."""

    PROBABILITIES = "logged probabilities"
    """Of actions, as the policies gave them, over all that each agent saw."""
    ACTIONS = "actions taken"
    """Shares of the actions taken: estimated distributions, over all that each agent saw."""
    CONTINUOUS_ACTIONS = "continuous actions taken"
    """Normal distributions with the mean and the spread of each component."""
    POSITIONS = "positions"
    REWARDS = "rewards"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiversityFigure:
    """One measure of a team, the mean over its runs' analysed checkpoints."""

    measure: DiversityMeasure
    basis: DiversityBasis
    value: float
    """At least 0; biased upwards by about ``null``."""
    interval: tuple[float, float]
    """95 %, whole episodes resampled: what as many other episodes of these runs would give, not other runs."""
    floor: float
    """The same measure between two halves of the episodes of the same agents."""
    null: float
    """Its mean when agents' labels are exchanged within episodes."""
    p_value: float
    """Share of exchanges that give at least the value."""
    members: tuple[str, ...]
    """Agents, or declared roles where slots are filled anew in each episode, that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """All measures that a log affords."""

    figures: tuple[DiversityFigure, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def corrected_p(self) -> tuple[float, ...]:
        """The figures' p, corrected for how many they are: each holds for all of them together.

        References
        ----------
        Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
        """
        p_values = np.array([each.p_value for each in self.figures])
        order = np.argsort(p_values, kind="stable")
        corrected = np.empty(len(p_values))
        corrected[order] = np.minimum(np.maximum.accumulate(np.arange(len(p_values), 0, -1) * p_values[order]), 1.0)
        return tuple(corrected.tolist())

    def _repr_html_(self) -> Html:
        rows = [
            (each.measure.value, each.basis.value, figure(each.value), figure(each.null), figure(each.p_value))
            for each in self.figures
        ]
        return box("Diversity", table("Measures", ("measure", "from", "value", "by chance", "p"), rows))
