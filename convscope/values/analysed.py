"""Which rows of a table belong to the checkpoints that an analysis describes."""

import polars as pl

from convscope.values.figures import listed
from convscope.values.header import Notice

Checkpoints = tuple[tuple[str, str | None], ...]
"""Run and checkpoint of each analysed policy, as `convscope.values.episodes.EpisodeTable.analysed` gives them."""
_MOST_NAMED = 5


def is_analysed(frame: pl.DataFrame, checkpoints: Checkpoints) -> pl.Series:
    """Return which rows belong to one of some checkpoints, in the order of the rows.

    Parameters
    ----------
    frame
        With columns ``run`` and ``checkpoint``.
    checkpoints
        Without repeats.
    """
    wanted = pl.DataFrame(checkpoints, schema={"run": pl.String, "checkpoint": pl.String}, orient="row")
    keys = frame.select("run", "checkpoint")
    marked = wanted.with_columns(is_analysed=pl.lit(value=True))
    joined = keys.join(marked, on=["run", "checkpoint"], how="left", nulls_equal=True, maintain_order="left")
    return joined["is_analysed"].fill_null(value=False)


def unlike_checkpoints(checkpoints: Checkpoints) -> tuple[Notice, ...]:
    """Return a notice that names the analysed checkpoints where the runs do not share one.

    Parameters
    ----------
    checkpoints
        Run and label of each, as `Checkpoints`.
    """
    runs_of: dict[str | None, list[str]] = {}
    for run, label in checkpoints:
        runs_of.setdefault(label, []).append(run)
    if len(runs_of) < 2:
        return ()
    named = "; ".join(f"{label or 'no label'}: {listed(runs, most=_MOST_NAMED)}" for label, runs in runs_of.items())
    message = f"Runs are compared at the last checkpoint of each, and these differ ({named})."
    return (Notice(code="unlike-checkpoints", message=message, where="log.checkpoints"),)
