"""Which rows of the tables the headline figures describe."""

import polars as pl

from convscope.values.analysed import is_analysed
from convscope.values.evidence import Evidence


def is_analysed_unit(evidence: Evidence) -> pl.Series:
    """Return which rows of the roles table belong to the analysed checkpoints."""
    return is_analysed(evidence.roles.table, evidence.episodes.analysed(evidence.config.checkpoint))
