"""Logs of teams whose attention and whose behaviour go by their roles."""

from collections.abc import Sequence

import numpy as np

from convscope.ingest.memory import log_from_arrays
from convscope.simulate.teams import SimulatedRun, Team, simulate_run
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, ATTENTION
from convscope.values.log import TrajectoryLog
from convscope.values.status import Status

N_ACTIONS = 4
FAVOURED = 0.7
"""Share of the steps in which an agent takes the action that its behaviour favours; in the others all are even."""


def attending_log(
    run: SimulatedRun,
    agents: Sequence[str],
    *,
    name: str,
    rng: np.random.Generator,
    behaves: Sequence[int] | None = (0, 1, 2),
    checkpoints: Sequence[str] | None = None,
    declared_roles: Sequence[Sequence[str]] | None = None,
) -> TrajectoryLog:
    """Make the log of a simulated run: attention as it says, actions by role.

    Parameters
    ----------
    run
        Routing and roles.
    agents
        Names, in the order of its axes.
    name
        Of the run.
    rng
        Draws the actions.
    behaves
        Behaviour of each role: the action that it favours. None lets all choose evenly.
    checkpoints
        Of each episode; none when left out.
    declared_roles
        Role of each agent in each episode as the log declares it; none when left out.
    """
    n_episodes, n_steps, n_agents, _ = run.valid.shape
    n_rows = n_episodes * n_steps
    is_alive = run.valid.any(axis=3)
    shown = None if behaves is None else np.asarray(behaves)[run.roles]
    actions = np.where(is_alive, _actions(shown, is_alive.shape, rng=rng), np.nan)
    return log_from_arrays(
        {
            ATTENTION: run.weights.reshape(n_rows, 1, n_agents, n_agents),
            ACTIONS: actions.reshape(n_rows, n_agents, 1),
        },
        [n_steps] * n_episodes,
        agents,
        status=np.where(is_alive, Status.ACTING, Status.DEAD).astype(np.uint8).reshape(n_rows, n_agents),
        declared_roles=declared_roles,
        runs=[name] * n_episodes,
        checkpoints=checkpoints,
    )


def draw_runs(
    team: Team,
    agents: Sequence[str],
    rng: np.random.Generator,
    *,
    names: Sequence[str],
    behaves: Sequence[int] | None = (0, 1, 2),
) -> tuple[dict[str, TrajectoryLog], tuple[SimulatedRun, ...]]:
    """Draw runs of one team: the log of each by its name, and what they were made of.

    Parameters
    ----------
    team
        The truth.
    agents
        Names, role by role.
    rng
        Draws all.
    names
        Of the runs.
    behaves
        As in `attending_log`.
    """
    logs: dict[str, TrajectoryLog] = {}
    runs: list[SimulatedRun] = []
    for name in names:
        runs.append(simulate_run(team, rng))
        logs[name] = attending_log(runs[-1], agents, name=name, rng=rng, behaves=behaves)
    return logs, tuple(runs)


def _actions(shown: IntArray | None, shape: tuple[int, ...], *, rng: np.random.Generator) -> FloatArray:
    drawn = rng.integers(N_ACTIONS, size=shape)
    is_favoured = rng.random(shape) < FAVOURED
    return (drawn if shown is None else np.where(is_favoured, shown[:, None, :], drawn)).astype(np.float64)
