"""The edges that carry the claim: between agents, or between roles where agents are filled in anew in each episode."""

from dataclasses import dataclass

import polars as pl

from convscope.values.evidence import Evidence
from convscope.values.routing import RoutingGraph

_CAUTIONS = frozenset(
    {
        "unlogged-common-cause",
        "table-null",
        "positions-not-logged",
        "policy-doubtful",
        "replacement-far",
        "not-validated",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClaimedEdges:
    """The edges to speak of."""

    edges: pl.DataFrame
    """``sender``, ``receiver``, ``weight``, ``p_value``, ``q_value``, ``significant``."""
    are_between_roles: bool
    n_significant: int
    cautions: tuple[str, ...]
    """What may stand behind the edges instead, a sentence each; to be said wherever the edges are."""


def claimed_edges(evidence: Evidence) -> ClaimedEdges | None:
    """Return the edges that carry the claim; None without routing."""
    routing = evidence.routing
    if routing is None:
        return None
    if evidence.header.identities_persist or routing.role_edges is None:
        return _claimed(routing.edges, routing, are_between_roles=False)
    return _claimed(routing.role_edges, routing, are_between_roles=True)


def _claimed(edges: pl.DataFrame, routing: RoutingGraph, *, are_between_roles: bool) -> ClaimedEdges:
    return ClaimedEdges(
        edges=edges,
        are_between_roles=are_between_roles,
        n_significant=int(edges["significant"].fill_null(value=False).sum()),
        cautions=tuple(notice.message for notice in routing.notices if notice.code in _CAUTIONS),
    )
