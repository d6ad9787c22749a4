"""Teams that follow the prior, in part, or with two roles swapped (ground truths 1 to 3)."""

import numpy as np

from convscope.simulate.attending import draw_runs
from convscope.simulate.scenarios.declaring import Matrix, figures_of, priors_text
from convscope.simulate.scenarios.scenario import Planted, Scale, Scenario
from convscope.simulate.teams import CIRCULANT, SimulatedRun, diluted, relabelled
from convscope.values.log import TrajectoryLog

SWAPPED = relabelled(CIRCULANT, (1, 0, 2))
"""The prior of most scenarios with its first two roles swapped."""


def runs_following(
    preference: Matrix, scale: Scale, rng: np.random.Generator
) -> tuple[dict[str, TrajectoryLog], tuple[SimulatedRun, ...]]:
    """Draw the runs of a team that attends by a preference and acts by its declared roles."""
    return draw_runs(scale.team(tuple(map(tuple, preference))), scale.agents, rng, names=scale.runs)


def following(shown: Matrix, scale: Scale, rng: np.random.Generator) -> Planted:
    """Plant a preference and declare the circulant one."""
    logs, runs = runs_following(shown, scale, rng)
    return Planted(
        logs=logs,
        priors=priors_text(CIRCULANT),
        truth=figures_of(shown, CIRCULANT, scale.members, runs=scale.noisy(runs)),
    )


def _true(scale: Scale, rng: np.random.Generator) -> Planted:
    return following(CIRCULANT, scale, rng)


def _half(scale: Scale, rng: np.random.Generator) -> Planted:
    return following(diluted(CIRCULANT, 0.5), scale, rng)


def _swapped(scale: Scale, rng: np.random.Generator) -> Planted:
    return following(SWAPPED, scale, rng)


PRIOR_TRUE = Scenario(
    name="prior-true",
    number=1,
    description="Attention divides exactly as declared: gap 0, lambda 1, nothing foreign.",
    plant=_true,
)
DILUTION = Scenario(
    name="dilution",
    number=2,
    description="Half way from the prior to even attention: lambda .5, gap .4977.",
    plant=_half,
)
SWAPPED_ROLES = Scenario(
    name="swapped-roles",
    number=3,
    description="The first two roles attend as the other should: gap 1.7012, lambda -.5, three quarters foreign.",
    plant=_swapped,
)
