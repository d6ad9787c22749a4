"""Stability: whether the preference stays the same over formations, team sizes and checkpoints."""

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import NOT_COMPUTED, GapComponent, unscored
from convscope.values.gap import Component


def score_stability(comparison: Comparison, name: str) -> Component:  # noqa: ARG001  it needs tallies per condition
    """Return no value: drift over checkpoints and formations is not computed yet (docs/gap.md)."""
    return unscored(name, NOT_COMPUTED)


STABILITY = GapComponent(name="stability", score=score_stability)
