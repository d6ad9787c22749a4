"""The routing that was found."""

from dataclasses import asdict

import polars as pl

from convscope.ingest.names import numbered_key
from convscope.report.document.dependence import dependence_parts
from convscope.report.document.json_value import JsonValue, matrix
from convscope.values.config import RoutingSource
from convscope.values.dependence import Dependence
from convscope.values.preference import RolePreference
from convscope.values.routing import EDGE_COLUMNS, Concentration, RoutingGraph, SourceAgreement, SourceComparison
from convscope.values.structure import GraphStructure

MAX_EDGES = 10_000
"""Edges in the document; the table holds all."""

_EDGE = tuple(name for name in EDGE_COLUMNS if name not in ("run", "checkpoint"))


def routing_part(routing: RoutingGraph, dependence: Dependence) -> JsonValue:
    """Return edges combined over runs, role preference, concentration and how well other sources agree."""
    return {
        "source": routing.source.value,
        "claim": routing.claim,
        "unit": routing.unit,
        "n_edges_tested": routing.edges.height,
        "edges": _edges(strongest(routing.edges, MAX_EDGES)),
        "role_edges": None if routing.role_edges is None else _edges(routing.role_edges),
        "preference": _preference(routing.preference) if routing.preference else None,
        "concentration": [_concentration(each) for each in routing.concentration] or None,
        "structure": None if routing.structure is None else _structure(routing.structure),
        **dependence_parts(dependence),
        "attribution": None if routing.attribution is None else _attribution(routing.attribution),
        **_comparison(routing.source, routing.comparison),
    }


def _concentration(each: Concentration) -> JsonValue:
    return {
        "receiver": each.receiver,
        "value": each.value,
        "floor": each.floor,
        "interval": each.interval,
        "interval_kind": each.interval_kind,
    }


def _structure(structure: GraphStructure) -> JsonValue:
    return {
        "n_edges": structure.n_edges,
        "reciprocity": asdict(structure.reciprocity),
        "centralisation": asdict(structure.centralisation),
        "modularity": None if structure.modularity is None else asdict(structure.modularity),
        "hubs": [asdict(hub) for hub in structure.hubs],
        "communities": [list(community) for community in structure.communities],
    }


def _comparison(used: RoutingSource, comparison: SourceComparison) -> dict[str, JsonValue]:
    valid = comparison.validity
    beside = {each.other(used): each for each in comparison.agreements if each.concerns(used)}
    return {
        "validity": valid.correlation if valid else None,
        "is_validated": valid.is_valid if valid else None,
        "validated_by": valid.source.value if valid else None,
        "confounds": [
            {"name": each.name, "correlation": each.correlation, "p_value": each.p_value}
            for each in comparison.confounds
        ],
        "sources_compared": [
            {"source": other.source.value, **_agreement(beside.get(other.source))} for other in comparison.others
        ],
        "agreements_between": _level(comparison),
        "agreements": [
            {"sources": [each.first.value, each.second.value], **_agreement(each)} for each in comparison.agreements
        ],
    }


def _level(comparison: SourceComparison) -> str | None:
    if not comparison.agreements:
        return None
    return "roles" if comparison.are_between_roles else "agents"


def _agreement(agreement: SourceAgreement | None) -> dict[str, JsonValue]:
    """Return the figures; nulls where two sources cannot be compared.

    The partial p is withheld: sources that share nothing but closeness pass it too often (docs/agreement.md).
    """
    names = ("correlation", "p_value", "partial_correlation")
    return {**{name: getattr(agreement, name, None) for name in names}, "partial_p_value": None}


def _attribution(table: pl.DataFrame) -> JsonValue:
    ordered = table.sort("bits", "sender", "receiver", descending=[True, False, False]).head(MAX_EDGES)
    return list(ordered.iter_rows(named=True))


def strongest(edges: pl.DataFrame, n: int) -> pl.DataFrame:
    """Return the ``n`` edges of largest weight, ties by name."""
    return edges.sort("weight", "sender", "receiver", descending=[True, False, False], nulls_last=True).head(n)


def _edges(edges: pl.DataFrame) -> JsonValue:
    rows = sorted(edges.select(_EDGE).iter_rows(), key=lambda row: (numbered_key(row[0]), numbered_key(row[1])))
    return [dict(zip(_EDGE, row, strict=True)) for row in rows]


def _preference(preference: RolePreference) -> JsonValue:
    return {
        "roles": list(preference.roles),
        "matrix": matrix(preference.matrix),
        "runs": [
            {"run": run, "matrix": matrix(preference.per_run[number])} for number, run in enumerate(preference.runs)
        ],
    }
