"""Units with given declared and found roles, and nothing else."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.roles.recovery import recovery
from convscope.values.arrays import IntArray
from convscope.values.features import UNIT_TYPES, Feature, FeatureTable
from convscope.values.roles import RoleAssignment


def unit_frame(declared: Sequence[Sequence[str | None]], *, n_episodes: int) -> pl.DataFrame:
    """Make the keys of units.

    Parameters
    ----------
    declared
        Declared role of each agent, a list a run.
    n_episodes
        Of each run; each agent is one unit in each.
    """
    rows = [
        {
            "run": f"run_{run}",
            "checkpoint": None,
            "condition": None,
            "episode": episode,
            "source": None,
            "agent": f"agent_{agent}",
            "declared_role": role,
        }
        for run, roles in enumerate(declared)
        for episode in range(n_episodes)
        for agent, role in enumerate(roles)
    ]
    return pl.DataFrame(rows, schema=UNIT_TYPES)


def feature_table(frame: pl.DataFrame, name: str, values: Sequence[float]) -> FeatureTable:
    """Give units one feature, in the order of their keys."""
    return FeatureTable(
        frame=frame.with_columns(pl.Series(name, values, dtype=pl.Float64)),
        features=(Feature(name=name, unit="steps", family="simulated"),),
    )


def role_assignment(frame: pl.DataFrame, found: IntArray | Sequence[int]) -> RoleAssignment:
    """Give units found roles, in the order of their keys.

    Parameters
    ----------
    frame
        As from `unit_frame`; without a unit there is no recovery.
    found
        Numbered from 0, -1 for none.
    """
    labels = np.asarray(found, dtype=np.int64)
    role = pl.Series("role", labels, dtype=pl.Int32)
    table = frame.with_columns(role, pl.lit(1.0).alias("confidence"))
    table = table.with_columns(pl.when(pl.col("role") >= 0).then(pl.col("role")).alias("role"))
    scores, _ = recovery(table)
    return RoleAssignment(
        table=table,
        k=len(set(labels[labels >= 0].tolist())) or None,
        k_agents=None,
        k1_rejected=None,
        stability=None,
        classes=(),
        profiles=(),
        recovery=scores,
        confusion=None,
        map=None,
    )
