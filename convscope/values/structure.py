"""The shape of a routing graph as a whole."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeFigure:
    """One figure of the whole graph, beside the same figure where receivers choose senders independently."""

    value: float
    expected: float
    """Mean over shuffled graphs."""
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A sender on whom more is drawn than on anybody in most shuffled graphs."""

    agent: str
    share: float
    """Of all that is drawn on anybody."""
    p_value: float
    """Family-wise over all senders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStructure:
    """Figures of the significant edges between agents."""

    n_edges: int
    reciprocity: ShapeFigure
    """0 = nobody draws on who draws on him, 1 = all draw on each other equally; p is two-sided."""
    centralisation: ShapeFigure
    """0 = all senders are drawn on equally, 1 = all draw on one."""
    modularity: ShapeFigure | None
    """Of the best division into communities; None in teams too small or too large for one."""
    hubs: tuple[Hub, ...]
    """The largest first; empty where none is beyond chance."""
    communities: tuple[tuple[str, ...], ...]
    """Empty where no division is better than chance finds."""
