"""The sources of routing side by side, and what they agree on in words."""

from collections.abc import Sequence

import polars as pl

from convscope.report.matrix import Matrix, amounts
from convscope.values.figures import count, figure, probability
from convscope.values.routing import RoutingGraph, SourceAgreement, edge_matrix

_MOST_NAMED = 6


def source_matrices(routing: RoutingGraph, limit: int) -> tuple[Matrix, ...]:
    """Return the edge weights from every source, the one in use first; none for large teams, or of a single source."""
    if not routing.comparison.others or not 2 <= len(routing.agents) <= limit:
        return ()
    sources = [(routing.source, routing.unit, routing.edges)]
    sources += [(other.source, other.unit, other.edges) for other in routing.comparison.others]
    return tuple(
        amounts(edge_matrix(edges, routing.agents), routing.agents, title=source.value.capitalize(), note=f"In {unit}.")
        for source, unit, edges in sources
    )


def agreement_sentences(routing: RoutingGraph, level: float) -> tuple[str, ...]:
    """Return what the sources agree on, a sentence each; none where there is one source.

    Parameters
    ----------
    routing
        The graph.
    level
        Of the tests of agreement.
    """
    if not routing.comparison.agreements:
        return ()
    return (_shared_edges(routing), _alike(routing.comparison.agreements, level), *_beyond(routing, level))


def _shared_edges(routing: RoutingGraph) -> str:
    own = [(routing.source, routing.edges, routing.role_edges)]
    own += [(each.source, each.edges, each.role_edges) for each in routing.comparison.others]
    if routing.comparison.are_between_roles:
        every = {source.value: _significant(edges) for source, _, edges in own if edges is not None}
    else:
        every = {source.value: _significant(edges) for source, edges, _ in own}
    shared = sorted(frozenset.intersection(*every.values()))
    if shared:
        named = ", ".join(f"{sender} → {receiver}" for sender, receiver in shared[:_MOST_NAMED])
        more = f" and {len(shared) - _MOST_NAMED} more" if len(shared) > _MOST_NAMED else ""
        return f"{count(len(shared), 'edge')} significant in every source: {named}{more}."
    found = ", ".join(f"{name} {len(edges)}" for name, edges in every.items())
    return f"No edge is significant in every source (significant edges: {found})."


def _alike(agreements: Sequence[SourceAgreement], level: float) -> str:
    alike = [each for each in agreements if each.p_value is not None and each.p_value <= level]
    if alike:
        told = "; ".join(_told(each, each.correlation, each.p_value) for each in alike)
        return f"Sources that order a receiver's senders alike: {told}."
    if all(each.p_value is None for each in agreements):
        return "Whether they order a receiver's senders alike cannot be tested here."
    return "No two sources order a receiver's senders alike beyond chance."


def _beyond(routing: RoutingGraph, level: float) -> tuple[str, ...]:
    """Say which agreements the confounds explain."""
    explained = [
        each
        for each in routing.comparison.agreements
        if each.p_value is not None and each.p_value <= level and each.partial_p_value is not None
    ]
    lost = [each for each in explained if each.partial_p_value is not None and each.partial_p_value > level]
    if not lost:
        return ()
    names = " and ".join(each.name for each in routing.comparison.confounds)
    told = "; ".join(_told(each, each.partial_correlation, each.partial_p_value) for each in lost)
    return (f"Beyond what {names} explain, this is left of them: {told}.",)


def _told(agreement: SourceAgreement, correlation: float | None, p_value: float | None) -> str:
    names = f"{agreement.first.value} and {agreement.second.value}"
    return f"{names} (correlation {figure(correlation)}, p {probability(p_value)})"


def _significant(edges: pl.DataFrame) -> frozenset[tuple[str, str]]:
    claimed = edges.filter(pl.col("significant").fill_null(value=False))
    return frozenset(claimed.select("sender", "receiver").iter_rows())
