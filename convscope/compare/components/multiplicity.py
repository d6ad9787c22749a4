"""Multiplicity: whether the runs settled on different conventions."""

from convscope.compare.comparison import Comparison
from convscope.compare.components.component import GapComponent, unscored
from convscope.compare.divergence import mean_divergence
from convscope.compare.multiplicity_null import multiplicity_p_value
from convscope.compare.scores import Scores
from convscope.values.gap import Component


def score_multiplicity(comparison: Comparison, name: str) -> Component:
    """``mean_s T^s - T(mean_s P^s)``, scaled by T_U (docs/gap.md); the mean over runs hides it.

    0 when all runs agree. Its p asks whether runs that share one preference would differ as much.
    """
    tests = comparison.routing
    if tests is None or not tests.scores.is_scorable:
        return unscored(name, comparison.why_no_routing)
    if len(tests.scores.runs) < 2:
        return unscored(name, "there is one run only")
    scores = tests.scores
    excess = multiplicity(scores)
    config = comparison.config
    return Component(
        name=name,
        value=excess / scores.anchor,
        p_value=multiplicity_p_value(tests, n_draws=config.n_permutations, seed=config.seed),
        scorable=True,
        parts=(("bit", excess),),
    )


def multiplicity(scores: Scores) -> float:
    """Return ``mean_s T^s - T(mean_s P^s)`` in bits, at least 0 by convexity."""
    of_mean = float(mean_divergence(scores.learned.mean(axis=0), scores.target))
    return max(0.0, float(scores.distance.mean()) - of_mean)


MULTIPLICITY = GapComponent(name="multiplicity", score=score_multiplicity)
