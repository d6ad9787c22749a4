"""Which rows of the tables the headline figures describe."""

import polars as pl

from convscope.values.evidence import Evidence


def analysed_checkpoints(evidence: Evidence) -> tuple[tuple[str, str | None], ...]:
    """Return run and checkpoint of every analysed episode, without repeats, in log order."""
    episodes = evidence.episodes
    chosen = episodes.is_analysed(evidence.config.checkpoint).nonzero()[0].tolist()
    return tuple(dict.fromkeys((episodes.run_name(e), episodes.checkpoint_label(e)) for e in chosen))


def is_analysed_unit(evidence: Evidence) -> pl.Series:
    """Return which rows of the roles table belong to the analysed checkpoints."""
    wanted = pl.DataFrame(
        analysed_checkpoints(evidence), schema={"run": pl.String, "checkpoint": pl.String}, orient="row"
    ).with_columns(is_analysed=pl.lit(value=True))
    keys = evidence.roles.table.select("run", "checkpoint")
    joined = keys.join(wanted, on=["run", "checkpoint"], how="left", nulls_equal=True, maintain_order="left")
    return joined["is_analysed"].fill_null(value=False)
