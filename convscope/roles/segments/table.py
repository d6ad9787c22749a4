"""The table of segments."""

import numpy as np
import polars as pl

from convscope.features.keys import unit_keys
from convscope.values.arrays import IntArray
from convscope.values.log import TrajectoryLog
from convscope.values.segments import SEGMENT_TYPES


def segment_table(log: TrajectoryLog, steps: tuple[IntArray, IntArray, IntArray], role: IntArray) -> pl.DataFrame:
    """Join the steps of each unit that have one role in a row.

    Parameters
    ----------
    log
        Its table of episodes and its header name the units.
    steps
        Row of the table of episodes, agent, and timestep of each step, shape (R,) each, in any order.
    role
        Of each step, -1 for none, shape (R,).

    Returns
    -------
    DataFrame
        `SEGMENT_TYPES`, by episode, agent and start. A segment stops where the next one starts, the last one behind
        the last step in which the agent acts.
    """
    order = np.lexsort((steps[2], steps[1], steps[0]))
    episode, agent, time = (column[order] for column in steps)
    role = role[order]
    unit_begins = np.ones(len(order), dtype=np.bool_)
    unit_begins[1:] = (episode[1:] != episode[:-1]) | (agent[1:] != agent[:-1])
    begins = unit_begins.copy()
    begins[1:] |= role[1:] != role[:-1]
    first = np.flatnonzero(begins)
    following = np.append(first[1:], len(order))
    continues = np.append(~unit_begins[first[1:]], np.array([False]))
    stop = np.where(continues, time[np.minimum(following, len(order) - 1)], time[following - 1] + 1)
    keys = unit_keys(log.header, log.episodes, (episode[first], agent[first]))
    roles = pl.Series("role", role[first])
    frame = keys.with_columns(pl.Series("start", time[first]), pl.Series("stop", stop), roles)
    frame = frame.with_columns(pl.when(pl.col("role") >= 0).then(pl.col("role")).alias("role"))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SEGMENT_TYPES.items())


def no_segments() -> pl.DataFrame:
    """Return a table without rows."""
    return pl.DataFrame(schema=dict(SEGMENT_TYPES))
