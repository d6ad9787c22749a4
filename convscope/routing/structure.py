"""Reciprocity, centralisation, hubs and communities of a routing graph, each against shuffled graphs."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.randomness import generator
from convscope.routing.rewired import rewired
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.chance import at_least, p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice
from convscope.values.routing import edge_matrix
from convscope.values.structure import GraphStructure, Hub, ShapeFigure

_FEWEST_AGENTS = 3
_FEWEST_IN_COMMUNITIES = 6
_MOST_IN_COMMUNITIES = 64
_MOST_AGENTS = 128
_DRAWS_OF_COMMUNITIES = 99
_ENOUGH_AS_LARGE = 10
"""Shuffled graphs divided as well as the graph itself after which no more are searched: the search is the dear part."""
_WHERE = "routing.structure"


def graph_structure(
    edges: pl.DataFrame, agents: Sequence[str], config: AnalysisConfig, *, are_lasting: bool
) -> tuple[GraphStructure | None, tuple[Notice, ...]]:
    """Return the shape of the significant edges, and why there is none.

    Parameters
    ----------
    edges
        Of all runs together, one row per ordered pair that was tested; weights are clipped at 0.
    agents
        Names.
    config
        ``alpha``, ``n_permutations`` and ``seed`` are used.
    are_lasting
        Whether names stand for the same agents in all episodes.

    Returns
    -------
    GraphStructure or None
        None without a significant edge, under three agents, and where slots are filled anew.
    tuple of Notice
        What could not be told.

    Notes
    -----
    The null deals what each receiver draws anew among the senders that were tested for it: every receiver keeps its
    weights, and chooses senders without regard to who draws on it, or on whom the others draw. The null of reciprocity
    also keeps how many draw on each sender (`rewired`). Reciprocity is the shared part of both directions over all
    weight (Squartini et al. 2013); centralisation is Freeman's, of the weight drawn on each sender (1979); communities
    are Louvain's (Blondel et al. 2008), of both directions added up, and their null searches shuffled graphs as well,
    until ten divide as well as the graph itself (Besag and Clifford 1991: p is then ten over the searches).

    References
    ----------
    Freeman, "Centrality in social networks", Social Networks 1 (1979). Squartini, Picciolo, Ruzzenenti and
    Garlaschelli, "Reciprocity of weighted networks", Scientific Reports 3 (2013). Blondel et al., "Fast unfolding of
    communities in large networks", Journal of Statistical Mechanics (2008). Besag and Clifford, "Sequential Monte
    Carlo p-values", Biometrika 78 (1991).
    """
    why = _why_not(edges, agents, are_lasting=are_lasting)
    if why:
        return None, (Notice(code="not-applicable", message=why, where=_WHERE),)
    known = edge_matrix(edges, agents, "weight")
    is_significant = np.nan_to_num(edge_matrix(edges, agents, "significant")) > 0
    weights = np.where(is_significant, np.maximum(np.nan_to_num(known), 0.0), 0.0)
    rng = generator(config.seed, "routing", "structure")
    draws = _dealt(weights, np.isfinite(known), n_draws=config.n_permutations, rng=rng)
    reciprocal, central = _reciprocity(weights[None])[0], _centralisation(weights[None])[0]
    partners = rewired(
        weights,
        np.isfinite(known),
        n_draws=config.n_permutations,
        rng=generator(config.seed, "routing", "structure", "reciprocity"),
    )
    every, centrals = _reciprocity(partners), _centralisation(draws)
    both = 2 * min(p_of_draws(reciprocal, every), p_of_draws(-reciprocal, -every))
    modularity, communities = _communities(weights, draws[:_DRAWS_OF_COMMUNITIES], agents, alpha=config.alpha)
    structure = GraphStructure(
        n_edges=int(np.count_nonzero(weights)),
        reciprocity=ShapeFigure(value=reciprocal, expected=float(every.mean()), p_value=min(both, 1.0)),
        centralisation=ShapeFigure(
            value=central, expected=float(centrals.mean()), p_value=p_of_draws(central, centrals)
        ),
        modularity=modularity,
        hubs=_hubs(weights, draws, agents, alpha=config.alpha),
        communities=communities,
    )
    return structure, ()


def _why_not(edges: pl.DataFrame, agents: Sequence[str], *, are_lasting: bool) -> str:
    if not are_lasting:
        return "Slots are filled anew in each episode: a graph of slots has no shape."
    if not _FEWEST_AGENTS <= len(agents) <= _MOST_AGENTS:
        return f"The shape of the graph is told of {_FEWEST_AGENTS} to {_MOST_AGENTS} agents."
    is_edge = edges["significant"].fill_null(value=False) & (edges["weight"].fill_null(0.0) > 0)
    if not is_edge.any():
        return "No edge between agents is significant, so the graph has no shape."
    return ""


def _dealt(weights: FloatArray, is_tested: BoolArray, *, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Deal each receiver's weights anew among the senders that were tested for it, shape (draws, N, N)."""
    tested_first = np.argsort(~is_tested, axis=1, kind="stable")
    hand = np.take_along_axis(weights, tested_first, axis=1)
    place = np.where(is_tested, rng.random((n_draws, *weights.shape)), 1.0).argsort(axis=2)
    dealt = np.empty(place.shape)
    np.put_along_axis(dealt, place, np.broadcast_to(hand, place.shape), axis=2)
    return dealt


def _reciprocity(weights: FloatArray) -> FloatArray:
    total = weights.sum(axis=(1, 2))
    shared = np.minimum(weights, weights.swapaxes(1, 2)).sum(axis=(1, 2))
    return _ratio(shared, total)


def _sent_shares(weights: FloatArray) -> FloatArray:
    """Return the share of all weight that is drawn on each sender, shape (graphs, N)."""
    sent = weights.sum(axis=1)
    return _ratio(sent, sent.sum(axis=1, keepdims=True))


def _ratio(part: FloatArray, total: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(part, total, out=np.zeros(part.shape), where=total > 0)
    return ratio


def _centralisation(weights: FloatArray) -> FloatArray:
    shares = _sent_shares(weights)
    central: FloatArray = (shares.max(axis=1, keepdims=True) - shares).sum(axis=1) / (shares.shape[1] - 1)
    return central


def _hubs(weights: FloatArray, draws: FloatArray, agents: Sequence[str], *, alpha: float) -> tuple[Hub, ...]:
    shares = _sent_shares(weights[None])[0]
    largest = _sent_shares(draws).max(axis=1)
    hubs = [
        Hub(agent=agent, share=share, p_value=p_of_draws(share, largest))
        for agent, share in zip(agents, shares.tolist(), strict=True)
    ]
    return tuple(sorted((hub for hub in hubs if hub.p_value <= alpha), key=lambda hub: (-hub.share, hub.agent)))


def _communities(
    weights: FloatArray, draws: FloatArray, agents: Sequence[str], *, alpha: float
) -> tuple[ShapeFigure | None, tuple[tuple[str, ...], ...]]:
    if not _FEWEST_IN_COMMUNITIES <= len(agents) <= _MOST_IN_COMMUNITIES:
        return None, ()
    value, found = _best_division(weights)
    shuffled: list[float] = []
    while len(shuffled) < len(draws) and _n_as_large(value, shuffled) < _ENOUGH_AS_LARGE:
        shuffled.append(_best_division(draws[len(shuffled)])[0])
    n_as_large = _n_as_large(value, shuffled)
    stopped = n_as_large == _ENOUGH_AS_LARGE
    p_value = n_as_large / len(shuffled) if stopped else (1 + n_as_large) / (1 + len(shuffled))
    named = tuple(sorted(tuple(agents[place] for place in sorted(each)) for each in found if len(each) > 1))
    figure = ShapeFigure(value=value, expected=float(np.mean(shuffled)), p_value=p_value)
    return figure, named if p_value <= alpha else ()


def _best_division(weights: FloatArray) -> tuple[float, list[set[int]]]:
    import networkx as nx  # noqa: PLC0415  only a graph with edges needs it

    both = weights + weights.T
    found = nx.community.louvain_communities(nx.from_numpy_array(both), seed=0)
    return sum(_modularity(both, sorted(each)) for each in found), found


def _modularity(both: FloatArray, community: list[int]) -> float:
    """Return what one community adds: its share of all weight, less what chance would put into it."""
    total = both.sum()
    return float(both[np.ix_(community, community)].sum() / total - (both[community].sum() / total) ** 2)


def _n_as_large(value: float, shuffled: Sequence[float]) -> int:
    return int(np.count_nonzero(at_least(value, np.array(shuffled))))
