"""The routing that was found, beside the one that was declared."""

from dataclasses import dataclass

import polars as pl

from convscope.report.attributed import UseRow, use_rows
from convscope.report.claimed import claimed_edges
from convscope.report.document.routing import strongest
from convscope.report.drawn import routing_drawing
from convscope.report.graph import Graph
from convscope.report.listing import Listing, listing
from convscope.report.matrix import Matrix
from convscope.report.palette import kind_of
from convscope.report.preference import agent_matrix, preference_matrices
from convscope.report.section import Section
from convscope.report.shape import ShapeView, shape_view
from convscope.report.sources import agreement_sentences, source_matrices
from convscope.report.wording import claim_words
from convscope.values.evidence import Evidence
from convscope.values.figures import aligned, interval
from convscope.values.routing import Confound, RoutingGraph, SourceAgreement

MAX_EDGES = 12
MAX_MATRIX_AGENTS = 16
MAX_RECEIVERS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRow:
    """An edge."""

    sender: str
    receiver: str
    weight: str
    p_value: float | None
    q_value: float | None
    is_significant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """A role and its colour in the graph."""

    kind: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingView:
    """What the section shows."""

    source: str
    claim: str
    unit: str
    q: str
    n_tested: int
    n_significant: int
    matrices: tuple[Matrix, ...]
    graph: Graph | None
    legend: tuple[LegendEntry, ...]
    agents: Matrix | None
    edges: Listing[EdgeRow]
    role_edges: Listing[EdgeRow] | None
    concentration: Listing[tuple[str, str, str]]
    shape: ShapeView | None
    """None where no edge is significant."""
    sources: tuple[Matrix, ...]
    """Every source side by side."""
    agreement: tuple[str, ...]
    """What the sources agree on."""
    agreements: tuple[SourceAgreement, ...]
    confounds: tuple[Confound, ...]
    used: Listing[UseRow] | None
    """What policies at hand use; None without any."""
    are_between_roles: bool
    """Whether the claimed edges, and the graph, are between roles."""
    cautions: tuple[str, ...]
    """What may stand behind the edges instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRouting:
    """Shown in its place when the log affords no routing."""

    source: None = None


def _view(evidence: Evidence) -> RoutingView | NoRouting:
    routing, claimed = evidence.routing, claimed_edges(evidence)
    if routing is None or claimed is None:
        return NoRouting()
    return RoutingView(
        source=routing.source.value,
        claim=claim_words(routing, "the sender", "the receiver"),
        unit=routing.unit,
        q=f"{evidence.config.q:g}",
        n_tested=claimed.edges.height,
        n_significant=claimed.n_significant,
        are_between_roles=claimed.are_between_roles,
        cautions=claimed.cautions,
        matrices=preference_matrices(evidence),
        graph=routing_drawing(evidence),
        legend=() if claimed.are_between_roles else _legend(evidence),
        agents=agent_matrix(evidence, MAX_MATRIX_AGENTS),
        edges=_rows(routing.edges, MAX_EDGES),
        role_edges=None if routing.role_edges is None else _rows(routing.role_edges, MAX_EDGES),
        concentration=_concentration(routing),
        shape=None if routing.structure is None else shape_view(routing.structure),
        sources=source_matrices(routing, MAX_MATRIX_AGENTS),
        agreement=agreement_sentences(routing, evidence.config.alpha),
        agreements=routing.comparison.agreements,
        confounds=routing.comparison.confounds,
        used=use_rows(routing),
    )


def _legend(evidence: Evidence) -> tuple[LegendEntry, ...]:
    shown = {agent.declared_role for agent in evidence.header.agents if agent.name in evidence.analysed}
    roles = enumerate(evidence.header.roles)
    return tuple(LegendEntry(kind=kind_of(number), name=role) for number, role in roles if role in shown)


def _concentration(routing: RoutingGraph) -> Listing[tuple[str, str, str]]:
    texts = aligned([each.value for each in routing.concentration], digits=2)
    rows = [
        (each.receiver, text, interval(each.interval, digits=2))
        for each, text in zip(routing.concentration, texts, strict=True)
    ]
    return listing(rows, MAX_RECEIVERS)


def _rows(edges: pl.DataFrame, limit: int) -> Listing[EdgeRow]:
    # What is claimed comes first: a strong edge that is not significant claims nothing.
    is_claimed = pl.col("significant").fill_null(value=False)
    ordered = strongest(edges, edges.height).sort(is_claimed, descending=True, maintain_order=True)
    shown = ordered.head(limit)
    rows = tuple(
        EdgeRow(sender=sender, receiver=receiver, weight=weight, p_value=p, q_value=q, is_significant=bool(significant))
        for weight, (sender, receiver, p, q, significant) in zip(
            aligned(shown["weight"].to_list()),
            shown.select("sender", "receiver", "p_value", "q_value", "significant").iter_rows(),
            strict=True,
        )
    )
    return Listing(rows=rows, n_left=ordered.height - shown.height)


ROUTING = Section(key="routing", title="Routing", view=_view)
