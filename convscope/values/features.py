"""Behaviour features of units: one row per run, checkpoint, episode and agent."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.values.arrays import FloatArray
from convscope.values.figures import count
from convscope.values.header import Notice
from convscope.values.html import Html, box, table

UNIT_TYPES: Mapping[str, type[pl.DataType]] = {
    "run": pl.String,
    "checkpoint": pl.String,
    "condition": pl.String,
    "episode": pl.Int64,
    "source": pl.String,
    "agent": pl.String,
    "declared_role": pl.String,
}
"""Columns that name a unit, and their types; ``episode`` is numbered from 0 within run and checkpoint."""
UNIT_KEYS = tuple(UNIT_TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One behaviour feature."""

    name: str
    """In words that a domain person uses, such as ``distance to nearest ally``; the column's name."""
    unit: str
    """Unit of the values, such as ``steps`` or ``share of steps``."""
    family: str
    """Name of the family that computes it."""
    high: str = ""
    """What a unit with a high value does, such as ``far from its nearest ally``; empty stands for ``high <name>``."""
    low: str = ""
    """The same of a low value."""

    def in_words(self, *, is_high: bool) -> str:
        """Say in plain words what a high, or a low, value means."""
        return (self.high or f"high {self.name}") if is_high else (self.low or f"low {self.name}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureTable:
    """Features of all units, in log order: by episode, then by agent."""

    frame: pl.DataFrame
    """`UNIT_KEYS`, then one Float64 column per feature; null where a unit has no value."""
    features: tuple[Feature, ...]
    notices: tuple[Notice, ...] = ()
    """Families that the log does not afford, and why."""

    def __post_init__(self) -> None:
        expected = [*UNIT_KEYS, *(feature.name for feature in self.features)]
        if self.frame.columns != expected:
            raise ValueError(f"columns are {self.frame.columns}, expected {expected}")

    @property
    def matrix(self) -> FloatArray:
        """Values, shape (units, features), NaN where null."""
        names = [feature.name for feature in self.features]
        return self.frame.select(names).cast(pl.Float64).fill_null(np.nan).to_numpy()

    def _repr_html_(self) -> Html:
        rows = [(feature.name, feature.unit, feature.family) for feature in self.features]
        title = f"Behaviour features of {count(self.frame.height, 'unit')}"
        return box(title, table("One column per feature", ("feature", "unit", "family"), rows))
