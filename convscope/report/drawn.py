"""Which charts an analysis affords; the page and the figures for papers draw the same ones."""

import numpy as np
import polars as pl

from convscope.report.charts.forest import forest
from convscope.report.charts.gap_return import gap_and_return_chart
from convscope.report.charts.picture import Chart
from convscope.report.charts.returns import return_curves
from convscope.report.charts.role_map import role_map
from convscope.report.claimed import claimed_edges
from convscope.report.graph import Graph, graph
from convscope.report.options import margin
from convscope.report.scope import is_analysed_unit
from convscope.values.arrays import BoolArray
from convscope.values.evidence import Evidence


def gap_chart(evidence: Evidence) -> Chart | None:
    """Return the components of the gap with their intervals; None where none has a value."""
    gap = evidence.gap
    if gap is None or all(component.value is None for component in gap.components):
        return None
    return forest(gap.components, margin(evidence))


def gap_return_chart(evidence: Evidence) -> Chart | None:
    """Return the gap of each run beside what it earns; None under two runs with both."""
    return None if evidence.gap_and_return is None else gap_and_return_chart(evidence.gap_and_return)


def return_chart(evidence: Evidence) -> Chart | None:
    """Return mean return over training; None under two checkpoints."""
    known = [mean for mean in evidence.returns if mean.mean is not None]
    return return_curves(known) if len({mean.checkpoint for mean in known}) > 1 else None


def mapped_units(evidence: Evidence) -> BoolArray:
    """Return which units have a role and a place on the map, shape (units,)."""
    table, coordinates = evidence.roles.table, evidence.roles.map
    if coordinates is None:
        return np.zeros(table.height, dtype=np.bool_)
    is_known = table["role"].is_not_null() & is_analysed_unit(evidence)
    return np.asarray(is_known.to_numpy() & np.isfinite(coordinates).all(axis=1), dtype=np.bool_)


def map_chart(evidence: Evidence) -> Chart | None:
    """Return the map of units by principal components; None where there are none."""
    drawn, coordinates = mapped_units(evidence), evidence.roles.map
    if coordinates is None or not drawn.any():
        return None
    roles = evidence.roles.table["role"].cast(pl.Int64).to_numpy()[drawn].astype(np.int64)
    return role_map(coordinates[drawn], roles)


def umap_chart(evidence: Evidence) -> Chart | None:
    """Return the map of units by UMAP; None where it was not asked for."""
    coordinates, role = evidence.roles.umap, evidence.roles.table["role"]
    if coordinates is None:
        return None
    drawn = role.is_not_null().to_numpy() & np.isfinite(coordinates).all(axis=1)
    roles = role.cast(pl.Int64).to_numpy()[drawn].astype(np.int64)
    return role_map(coordinates[drawn], roles, titles=("UMAP, first axis", "UMAP, second axis"), has_ticks=False)


def routing_drawing(evidence: Evidence) -> Graph | None:
    """Return the graph of claimed edges; None without routing, and for a team too small or too large to draw."""
    claimed = claimed_edges(evidence)
    if claimed is None:
        return None
    number_of = {role: number for number, role in enumerate(evidence.header.roles)}
    if claimed.are_between_roles:
        return graph(evidence.header.roles, claimed.edges.filter(pl.col("sender") != pl.col("receiver")), number_of)
    role_of = {agent.name: agent.declared_role for agent in evidence.header.agents}
    numbers = {name: number_of[role] for name, role in role_of.items() if role in number_of}
    return graph(evidence.analysed, claimed.edges, numbers)
