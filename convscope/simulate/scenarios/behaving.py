"""Teams that play fewer roles than declared (ground truths 4 and 5)."""

from collections.abc import Sequence

import numpy as np

from convscope.simulate.attending import draw_runs
from convscope.simulate.scenarios.declaring import priors_text
from convscope.simulate.scenarios.scenario import ROLES, Planted, Scale, Scenario, Truth
from convscope.simulate.teams import CIRCULANT


def _behaving(scale: Scale, rng: np.random.Generator, behaves: Sequence[int]) -> Planted:
    logs, _ = draw_runs(scale.team(CIRCULANT), scale.agents, rng, names=scale.runs, behaves=behaves)
    truth: dict[str, Truth] = {
        "k_agents": float(len(set(behaves))),
        "behaviour": {role: f"favours action {action}" for role, action in zip(ROLES, behaves, strict=True)},
    }
    return Planted(logs=logs, priors=priors_text(), truth=truth)


def _collapsed(scale: Scale, rng: np.random.Generator) -> Planted:
    return _behaving(scale, rng, (0, 0, 1))


def _single(scale: Scale, rng: np.random.Generator) -> Planted:
    return _behaving(scale, rng, (0, 0, 0))


COLLAPSED_ROLES = Scenario(
    name="collapsed-roles",
    number=4,
    description="Two of three declared roles behave alike: completeness 1, homogeneity .5794.",
    plant=_collapsed,
)
ONE_ROLE = Scenario(
    name="one-role",
    number=5,
    description="All agents behave alike: one role, recovery gap 1.",
    plant=_single,
)
