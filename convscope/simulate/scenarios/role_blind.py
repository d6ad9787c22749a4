"""Teams whose roles mean nothing: what must not be found (ground truths 10, 11 and 14)."""

from dataclasses import replace

import numpy as np

from convscope.simulate.attending import draw_runs
from convscope.simulate.formations import FormationSpec, simulate_formations
from convscope.simulate.scenarios.declaring import figures_of, priors_text
from convscope.simulate.scenarios.scenario import ROLES, Planted, Scale, Scenario
from convscope.simulate.teams import CIRCULANT, GENERIC, diluted
from convscope.values.log import TrajectoryLog

_NOISE = 0.3
"""Without noise there would be nothing to mistake for structure."""


def _blind(scale: Scale, rng: np.random.Generator, dyad_noise: float) -> Planted:
    shown = diluted(CIRCULANT, 1.0)
    team = replace(scale.team(shown), dyad_noise=dyad_noise)
    logs, runs = draw_runs(team, scale.agents, rng, names=scale.runs, behaves=None)
    truth = figures_of(shown, CIRCULANT, scale.members, runs=scale.noisy(runs))
    return Planted(logs=logs, priors=priors_text(CIRCULANT), truth={**truth, "k_agents": 1.0})


def _random(scale: Scale, rng: np.random.Generator) -> Planted:
    return _blind(scale, rng, 0.0)


def _dyads(scale: Scale, rng: np.random.Generator) -> Planted:
    return _blind(scale, rng, scale.noise)


def _formations(scale: Scale, rng: np.random.Generator) -> Planted:
    spec = FormationSpec(
        members=scale.members, n_episodes=scale.n_episodes, n_steps=scale.n_steps, step_noise=scale.noise
    )
    logs = {name: _named(simulate_formations(spec, rng).log, name) for name in scale.runs}
    # Agents of these logs are called agent_0, agent_1, ... and carry their roles as labels.
    return Planted(
        logs=logs,
        priors=priors_text(GENERIC, patterns=()),
        truth={"formation_sensitivity": 0.0, "roles": list(ROLES)},
    )


def _named(log: TrajectoryLog, name: str) -> TrajectoryLog:
    return replace(log, episodes=replace(log.episodes, runs=(name,)))


RANDOM_POLICIES = Scenario(
    name="random-policies",
    number=10,
    description="Actions and attention are drawn evenly: no structure, or too little evidence.",
    plant=_random,
    noise=_NOISE,
)
PERSISTENT_DYADS = Scenario(
    name="persistent-dyads",
    number=11,
    description="Single agents have habits that last for a run, roles mean nothing: no structure.",
    plant=_dyads,
    noise=_NOISE,
)
FORMATION_NULL = Scenario(
    name="formation-null",
    number=14,
    description="Teams stand close or wide, and attend alike in both: no formation sensitivity.",
    plant=_formations,
    noise=_NOISE,
)
