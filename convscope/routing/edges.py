"""Tables of edges: one row per ordered pair, with q values over the pairs that were tested together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.behaviour.groups import Group
from convscope.values.arrays import FloatArray, sealed
from convscope.values.routing import EDGE_TYPES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectSizes:
    """How large the effects of all ordered pairs are, and how well that is known; NaN where it is not."""

    share: FloatArray
    """Of what is left open of the receiver's next action, given its own past, shape (receiver, sender)."""
    low: FloatArray
    """Lower end of the 95 % interval of the weight, shape (receiver, sender)."""
    high: FloatArray
    """Its upper end, shape (receiver, sender)."""
    smallest_detectable: FloatArray
    """The weight that would be found significant with a chance of 80 %, shape (receiver, sender)."""

    def __post_init__(self) -> None:
        for name in ("share", "low", "high", "smallest_detectable"):
            values = getattr(self, name)
            object.__setattr__(self, name, sealed(values, (len(self.share), len(self.share)), name))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairFigures:
    """Figures of all ordered pairs of nodes; the diagonal counts only between roles."""

    weight: FloatArray
    """Shape (receiver, sender); NaN where there is no data."""
    p_value: FloatArray
    """Shape (receiver, sender); NaN where there was no test."""
    is_claimed: bool = True
    """Whether the test bears the claim of an edge; a p that something else may have made small does not."""
    sizes: EffectSizes | None = None
    """None where the source tells weights only."""

    def __post_init__(self) -> None:
        n_nodes = len(self.weight)
        for name in ("weight", "p_value"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_nodes, n_nodes), name))


def q_values(p_values: FloatArray) -> FloatArray:
    """Return the smallest false discovery rate at which each test is significant; NaN stays NaN.

    Parameters
    ----------
    p_values
        Of one family of tests, any shape.

    References
    ----------
    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995).
    """
    result = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values.flat[tested])]
    # Written out: importing scipy.stats for this would take longer than most analyses.
    steps = p_values.flat[order] * len(order) / np.arange(1, len(order) + 1)
    result.flat[order] = np.minimum.accumulate(steps[::-1])[::-1]
    return result


def edge_table(
    figures: PairFigures, agents: Sequence[str], *, q: float, run: str | None = None, checkpoint: str | None = None
) -> pl.DataFrame:
    """Return the edges between agents, sender by sender; the pairs are one family of tests.

    Parameters
    ----------
    figures
        Of all ordered pairs.
    agents
        Names, in the order of the axes.
    q
        False discovery rate below which an edge is significant.
    run, checkpoint
        What the figures describe; None for all runs together.
    """
    sender, receiver = np.nonzero(~np.eye(len(agents), dtype=np.bool_))
    rows = _rows(figures, agents, pairs=(sender.tolist(), receiver.tolist()), q=q)
    return pl.DataFrame([(run, checkpoint, *row) for row in rows], schema=EDGE_TYPES, orient="row")


def edges_by_run(
    figures: Iterable[PairFigures], groups: Iterable[Group], agents: Sequence[str], *, q: float
) -> pl.DataFrame:
    """Return the edges of each run and checkpoint, one table below the other.

    Parameters
    ----------
    figures
        Of each, all ordered pairs.
    groups
        What they describe.
    agents, q
        As in `edge_table`.
    """
    tables = (
        edge_table(each, agents, q=q, run=group.run_name, checkpoint=group.checkpoint)
        for each, group in zip(figures, groups, strict=True)
    )
    return join_tables(list(tables))


def role_edge_table(figures: PairFigures, roles: Sequence[str], *, q: float) -> pl.DataFrame:
    """Return the edges between roles, their own included, leaving out those that never occur.

    Parameters
    ----------
    figures
        Of all ordered pairs of roles.
    roles
        Names, in the order of the axes.
    q
        False discovery rate below which an edge is significant.
    """
    receiver, sender = np.nonzero(np.isfinite(figures.weight))
    rows = _rows(figures, roles, pairs=(sender.tolist(), receiver.tolist()), q=q)
    schema = {name: kind for name, kind in EDGE_TYPES.items() if name not in ("run", "checkpoint")}
    return pl.DataFrame(rows, schema=schema, orient="row")


def join_tables(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return edge tables one below the other; empty when there are none."""
    return pl.concat([pl.DataFrame(schema=EDGE_TYPES), *tables])


_Figure = float | None
_Row = tuple[str, str, _Figure, _Figure, _Figure, bool, _Figure, _Figure, _Figure, _Figure]


def _rows(figures: PairFigures, names: Sequence[str], *, pairs: tuple[list[int], list[int]], q: float) -> list[_Row]:
    senders, receivers = pairs
    p_values = figures.p_value[receivers, senders]
    rates = q_values(p_values)
    known = [list(map(_known, column.tolist())) for column in (figures.weight[receivers, senders], p_values, rates)]
    claims = [bool(figures.is_claimed and rate <= q) for rate in rates.tolist()]
    sizes = [list(map(_known, column[receivers, senders].tolist())) for column in _sizes(figures)]
    named = ([names[place] for place in places] for places in pairs)
    return list(zip(*named, *known, claims, *sizes, strict=True))


def _sizes(figures: PairFigures) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    if figures.sizes is None:
        unknown = np.full_like(figures.weight, np.nan)
        return unknown, unknown, unknown, unknown
    sizes = figures.sizes
    return sizes.share, sizes.low, sizes.high, sizes.smallest_detectable


def _known(value: float) -> _Figure:
    return value if np.isfinite(value) else None
