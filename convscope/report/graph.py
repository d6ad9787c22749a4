"""The directed graph of routing as a drawing: agents on a circle, an arrow from sender to receiver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import TypeAlias

import polars as pl

from convscope.report.document.routing import strongest
from convscope.report.palette import NO_KIND, kind_of
from convscope.values.inert import visible

MAX_AGENTS = 40
"""Larger teams have their tables only."""
MAX_ARROWS = 120
MAX_LABEL = 14
"""Characters of a name that stand beside a node; longer names get numbers and a key."""
MAX_DASHED_AGENTS = 8
"""Teams up to this size show edges that are not significant, dashed; in larger ones they would hide the others."""

_SIZE = 400
_MARGIN = 100
_CENTRE = _SIZE / 2
_RADIUS = 165.0
_NODE = 11.0
_HEAD = 9.0

_Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An edge to be drawn."""

    sender: str
    receiver: str
    weight: float
    q_value: float | None
    is_significant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An agent; coordinates as text, with one decimal."""

    name: str
    label: str
    """The name, or a number where names are too long to stand beside the node."""
    kind: int
    """Colour of its declared role."""
    x: str
    y: str
    label_x: str
    label_y: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """An edge as it is drawn."""

    edge: Edge
    path: str
    head: str
    """The corners of the arrow's head."""
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The drawing."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    """Those that matter most are last, so that they lie on top."""
    n_left_out: int
    """Significant edges that are not drawn."""
    is_numbered: bool
    """Whether the labels are numbers, which a key explains."""
    view_box: str = f"{-_MARGIN} 0 {_SIZE + 2 * _MARGIN} {_SIZE}"
    radius: str = f"{_NODE:g}"


def graph(agents: Sequence[str], edges: pl.DataFrame, role_of: Mapping[str, int]) -> Graph | None:
    """Return the drawing of a graph, None when the team is too small or too large for one.

    Parameters
    ----------
    agents
        Names, in the order around the circle.
    edges
        ``sender``, ``receiver``, ``weight``, ``q_value``, ``significant``.
    role_of
        Number of each agent's declared role; an agent without one is grey.
    """
    if not 2 <= len(agents) <= MAX_AGENTS:
        return None
    ranked = [_edge(row) for row in strongest(edges, edges.height).iter_rows(named=True) if row["weight"] is not None]
    solid = [edge for edge in ranked if edge.is_significant]
    faint = [edge for edge in ranked if not edge.is_significant and edge.weight > 0]
    shown = solid[:MAX_ARROWS] + (faint if len(agents) <= MAX_DASHED_AGENTS else [])
    full = max((abs(edge.weight) for edge in shown), default=1.0) or 1.0
    at = {name: _place(number, len(agents)) for number, name in enumerate(agents)}
    is_numbered = any(len(visible(name)) > MAX_LABEL for name in agents)
    labels = [str(number + 1) if is_numbered else name for number, name in enumerate(agents)]
    return Graph(
        nodes=tuple(
            _node(name, label, at=at[name], role=role_of.get(name)) for name, label in zip(agents, labels, strict=True)
        ),
        is_numbered=is_numbered,
        arrows=tuple(_arrow(edge, at, full) for edge in reversed(shown)),
        n_left_out=max(0, len(solid) - MAX_ARROWS),
    )


def _edge(row: Mapping[str, object]) -> Edge:
    weight, q_value = row["weight"], row["q_value"]
    return Edge(
        sender=str(row["sender"]),
        receiver=str(row["receiver"]),
        weight=weight if isinstance(weight, float) else 0.0,
        q_value=q_value if isinstance(q_value, float) else None,
        is_significant=row["significant"] is True,
    )


def _place(number: int, n: int) -> _Point:
    angle = 2 * pi * number / n - pi / 2
    return _CENTRE + _RADIUS * cos(angle), _CENTRE + _RADIUS * sin(angle)


def _node(name: str, label: str, *, at: _Point, role: int | None) -> Node:
    x, y = at
    out_x, out_y = (x - _CENTRE) / _RADIUS, (y - _CENTRE) / _RADIUS
    sides = ("end", "middle", "start")
    return Node(
        name=name,
        label=label,
        kind=NO_KIND if role is None else kind_of(role),
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        label_x=f"{x + (_NODE + 7) * out_x:.1f}",
        label_y=f"{y + (_NODE + 11) * out_y + 4:.1f}",
        anchor=sides[(out_x > 0.3) - (out_x < -0.3) + 1],
    )


def _arrow(edge: Edge, at: Mapping[str, _Point], full: float) -> Arrow:
    width = 1 + 3.5 * abs(edge.weight) / full
    path, head = _curve(at[edge.sender], at[edge.receiver], width)
    return Arrow(edge=edge, path=path, head=head, width=f"{width:.1f}")


def _curve(start: _Point, stop: _Point, width: float) -> tuple[str, str]:
    """Return the path of a bent line between two nodes and the corners of its head.

    Bent to its left, so that the two directions between a pair do not lie on each other.
    """
    length = hypot(stop[0] - start[0], stop[1] - start[1])
    along = ((stop[0] - start[0]) / length, (stop[1] - start[1]) / length)
    bend = 0.16 * length
    middle = ((start[0] + stop[0]) / 2 + bend * along[1], (start[1] + stop[1]) / 2 - bend * along[0])
    leave, arrive = _toward(start, middle, _NODE + 1), _toward(stop, middle, _NODE + 2)
    reach = _HEAD + width
    neck = _toward(arrive, middle, reach)
    side = ((neck[1] - arrive[1]) / reach * (reach / 2), (arrive[0] - neck[0]) / reach * (reach / 2))
    corners = (arrive, (neck[0] + side[0], neck[1] + side[1]), (neck[0] - side[0], neck[1] - side[1]))
    return f"M{_text(leave)}Q{_text(middle)} {_text(neck)}", " ".join(map(_text, corners))


def _toward(start: _Point, goal: _Point, distance: float) -> _Point:
    length = hypot(goal[0] - start[0], goal[1] - start[1])
    return start[0] + (goal[0] - start[0]) * distance / length, start[1] + (goal[1] - start[1]) * distance / length


def _text(point: _Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
