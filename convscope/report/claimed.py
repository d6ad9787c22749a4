"""The edges that carry the claim: between agents, or between roles where agents are filled in anew in each episode."""

from dataclasses import dataclass

import polars as pl

from convscope.values.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClaimedEdges:
    """The edges to speak of."""

    edges: pl.DataFrame
    """``sender``, ``receiver``, ``weight``, ``p_value``, ``q_value``, ``significant``."""
    are_between_roles: bool
    n_significant: int


def claimed_edges(evidence: Evidence) -> ClaimedEdges | None:
    """Return the edges that carry the claim; None without routing."""
    routing = evidence.routing
    if routing is None:
        return None
    if evidence.header.identities_persist or routing.role_edges is None:
        return _claimed(routing.edges, are_between_roles=False)
    return _claimed(routing.role_edges, are_between_roles=True)


def _claimed(edges: pl.DataFrame, *, are_between_roles: bool) -> ClaimedEdges:
    n_significant = int(edges["significant"].fill_null(value=False).sum())
    return ClaimedEdges(edges=edges, are_between_roles=are_between_roles, n_significant=n_significant)
