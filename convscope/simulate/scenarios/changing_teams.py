"""Teams that change while the preference stays (ground truths 7 to 9)."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convscope.simulate.attending import attending_log, draw_runs
from convscope.simulate.scenarios.declaring import figures_of, priors_text
from convscope.simulate.scenarios.scenario import ROLES, Planted, Scale, Scenario
from convscope.simulate.teams import CIRCULANT, GENERIC, SimulatedRun, simulate_run

if TYPE_CHECKING:
    from convscope.values.log import TrajectoryLog


def _sizes(scale: Scale, rng: np.random.Generator) -> Planted:
    logs: dict[str, TrajectoryLog] = {}
    runs: list[SimulatedRun] = []
    for n_each in (1, 3):
        own = replace(scale, members=(n_each,) * 3)
        names = [f"{3 * n_each}_agents_{name}" for name in scale.runs]
        drawn = draw_runs(own.team(CIRCULANT), own.agents, rng, names=names)
        logs |= drawn[0]
        runs += drawn[1]
    truth = figures_of(CIRCULANT, CIRCULANT, (1, 1, 1), runs=scale.noisy(runs))
    return Planted(logs=logs, priors=priors_text(CIRCULANT), truth={**truth, "shift": 0.0})


def _redrawn(scale: Scale, rng: np.random.Generator) -> Planted:
    team = replace(scale.team(GENERIC), is_redrawn=True)
    agents = [f"agent_{slot}" for slot in range(sum(scale.members))]
    logs: dict[str, TrajectoryLog] = {}
    runs: list[SimulatedRun] = []
    for name in scale.runs:
        runs.append(simulate_run(team, rng))
        declared = [[ROLES[role] for role in episode] for episode in runs[-1].roles.tolist()]
        logs[name] = attending_log(runs[-1], agents, name=name, rng=rng, declared_roles=declared)
    truth = figures_of(GENERIC, GENERIC, (2, 2, 2), runs=scale.noisy(runs))
    return Planted(logs=logs, priors=priors_text(GENERIC, patterns=()), truth=truth)


def _dying(scale: Scale, rng: np.random.Generator) -> Planted:
    team = replace(scale.team(CIRCULANT), dying_role=1)
    logs, runs = draw_runs(team, scale.agents, rng, names=scale.runs)
    truth = figures_of(CIRCULANT, CIRCULANT, scale.members, runs=scale.noisy(runs))
    return Planted(logs=logs, priors=priors_text(CIRCULANT), truth={**truth, "dying": ROLES[1]})


TEAM_SIZES = Scenario(
    name="team-sizes",
    number=7,
    description="Runs of three and of nine agents with one preference: it does not shift; single members leave blanks.",
    plant=_sizes,
    has_team=False,
    n_copies=3,
)
REDRAWN_TEAMS = Scenario(
    name="redrawn-teams",
    number=8,
    description="Each episode draws anew who holds which role; the log labels them, and the preference is exact.",
    plant=_redrawn,
)
EARLY_DEATH = Scenario(
    name="early-death",
    number=9,
    description="One role dies halfway through each episode: the preference stays, shares of all attention move.",
    plant=_dying,
)
