"""The columns that name a unit: run, checkpoint, condition, episode, source, agent, declared role."""

import numpy as np
import polars as pl

from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.header import LogHeader


def unit_keys(header: LogHeader, episodes: EpisodeTable, units: tuple[IntArray, IntArray]) -> pl.DataFrame:
    """Return `UNIT_KEYS` of units.

    Parameters
    ----------
    header, episodes
        Of the log.
    units
        Row of the table of episodes and agent of each unit, both of shape (U,).
    """
    episode, agent = units
    names = tuple(a.name for a in header.agents)
    return pl.DataFrame(
        {
            "run": _named(episodes.runs, episodes.run[episode]),
            "checkpoint": _named(episodes.checkpoints, episodes.checkpoint[episode]),
            "condition": _named(episodes.conditions, episodes.condition[episode]),
            "episode": pl.Series(episodes.number[episode], dtype=pl.Int64),
            "source": _named(episodes.path, episode),
            "agent": _named(names, agent),
            "declared_role": _named(header.roles, episodes.declared_roles[episode, agent]),
        }
    )


def _named(names: tuple[str, ...], codes: IntArray) -> pl.Series:
    """Names of codes, null where negative."""
    if not names:
        return pl.repeat(None, len(codes), dtype=pl.String, eager=True)
    table = pl.Series([*names, None], dtype=pl.String)
    return table.gather(np.where(codes < 0, len(names), codes))
