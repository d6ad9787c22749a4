"""What every estimator of routing hands back, whatever it reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from convscope.engine.fold import Fold
from convscope.values.config import RoutingSource
from convscope.values.header import Notice
from convscope.values.routing import RoutingTallies

# A fold's result is the fold's own affair; the engine only carries it.
Run = Callable[[Sequence[Fold]], list[Any]]
"""Reads the log once more for some folds and returns their results."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutingEstimate:
    """Routing from one source; the fields are those of `RoutingGraph`."""

    source: RoutingSource
    claim: str
    """The verb that the evidence allows: sender <claim> receiver for evidence from the sender's side, receiver <claim>
    sender for weights that a receiver gives."""
    unit: str
    edges: pl.DataFrame
    edges_by_run: pl.DataFrame
    tallies: RoutingTallies
    halves: tuple[tuple[RoutingTallies, RoutingTallies], ...]
    role_edges: pl.DataFrame | None = None
    attribution: pl.DataFrame | None = None
    heads: pl.DataFrame | None = None
    notices: tuple[Notice, ...] = ()
