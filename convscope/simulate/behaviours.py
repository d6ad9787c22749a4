"""Units with planted roles: features around each role's centre, and a log that they could have come from."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.ingest.memory import log_from_arrays
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.features import UNIT_TYPES, Feature, FeatureTable
from convscope.values.log import TrajectoryLog


def planted_roles(
    centres: FloatArray,
    role: IntArray,
    *,
    rng: np.random.Generator,
    declared_roles: Sequence[Sequence[str]] | None = None,
    runs: Sequence[str] | None = None,
    checkpoints: Sequence[str] | None = None,
) -> tuple[FeatureTable, TrajectoryLog]:
    """Draw the features of units that play given roles.

    Parameters
    ----------
    centres
        Mean features of each role, in standard deviations of a unit, shape (R, F).
    role
        Role that each agent plays in each episode, shape (E, N).
    rng
        Draws standard normal deviations, independent between units and features.
    declared_roles
        Declared role of each agent in each episode; none when left out.
    runs, checkpoints
        Of each episode; one run and no checkpoint when left out.
    """
    n_episodes, n_agents = role.shape
    values = centres[role.reshape(-1)] + rng.normal(size=(role.size, centres.shape[1]))
    agents = [f"agent_{i}" for i in range(n_agents)]
    log = log_from_arrays(
        {}, [1] * n_episodes, agents, declared_roles=declared_roles, runs=runs, checkpoints=checkpoints
    )
    features = tuple(Feature(name=f"feature {f}", unit="sd", family=f"family {f}") for f in range(values.shape[1]))
    keys = pl.DataFrame(
        [_key(log, e, i) for e in range(n_episodes) for i in range(n_agents)], schema=UNIT_TYPES, orient="row"
    )
    frame = keys.with_columns(pl.Series(f.name, column) for f, column in zip(features, values.T, strict=True))
    return FeatureTable(frame=frame, features=features), log


def _key(log: TrajectoryLog, episode: int, agent: int) -> tuple[str | int | None, ...]:
    table, code = log.episodes, int(log.episodes.declared_roles[episode, agent])
    return (
        table.run_name(episode),
        table.checkpoint_label(episode),
        table.condition_name(episode),
        int(table.number[episode]),
        table.path[episode],
        log.header.agents[agent].name,
        log.header.roles[code] if code >= 0 else None,
    )
