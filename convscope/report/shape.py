"""The shape of the routing graph, as the page and the terminal tell it."""

from collections.abc import Iterator
from dataclasses import dataclass

from convscope.report.listing import Listing, listing
from convscope.values.figures import aligned, figure, probability, share
from convscope.values.inert import inert
from convscope.values.structure import GraphStructure, Hub, ShapeFigure

_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeRow:
    """One figure of the graph."""

    name: str
    meaning: str
    value: str
    expected: str
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeView:
    """What the page shows of a graph."""

    rows: tuple[ShapeRow, ...]
    hubs: Listing[Hub]
    communities: Listing[tuple[str, ...]]


def shape_view(structure: GraphStructure) -> ShapeView:
    """Return the figures as a table shows them."""
    figures = list(_named(structure))
    return ShapeView(
        rows=tuple(
            ShapeRow(name=name, meaning=meaning, value=texts[0], expected=texts[1], p_value=each.p_value)
            for name, meaning, each in figures
            for texts in [aligned([each.value, each.expected], digits=2)]
        ),
        hubs=listing(structure.hubs, _MAX_SHOWN),
        communities=listing(structure.communities, _MAX_SHOWN),
    )


def shape_lines(structure: GraphStructure | None) -> Iterator[str]:
    """Return for a terminal what is beyond chance."""
    if structure is None:
        return
    if structure.hubs:
        named = [
            f"{inert(hub.agent, limit=40)} ({share(hub.share)}, p {probability(hub.p_value)})"
            for hub in structure.hubs[:3]
        ]
        more = f" and {len(structure.hubs) - 3} more" if len(structure.hubs) > 3 else ""
        yield f"Of the weight of significant edges, most is drawn on {', '.join(named)}{more}"
    if structure.communities and structure.modularity:
        found = figure(len(structure.communities))
        yield f"The graph divides into {found} communities (p {probability(structure.modularity.p_value)})"


def _named(structure: GraphStructure) -> Iterator[tuple[str, str, ShapeFigure]]:
    yield (
        "reciprocity",
        "weight that both directions of a pair share; large also where popular senders draw on many",
        structure.reciprocity,
    )
    yield "centralisation", "1 = all draw on one", structure.centralisation
    if structure.modularity is not None:
        yield "modularity", "of the best division into communities", structure.modularity
