"""Which rows of a table belong to the checkpoints that an analysis describes."""

import polars as pl

Checkpoints = tuple[tuple[str, str | None], ...]
"""Run and checkpoint of each analysed policy, as `convscope.values.episodes.EpisodeTable.analysed` gives them."""


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
