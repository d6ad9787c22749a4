"""The shape of a routing graph: by hand, found where it was planted, and nowhere else."""

import numpy as np
import polars as pl
import pytest

from convscope.routing.structure import graph_structure
from convscope.values.config import AnalysisConfig
from convscope.values.routing import EDGE_TYPES

CONFIG = AnalysisConfig(n_permutations=199)


def names_of(n_agents):
    return [f"agent_{place}" for place in range(n_agents)]


def edges_of(weights):
    """A table of edges: a weight above 0 is significant, NaN was not tested."""
    names = names_of(len(weights))
    rows = [
        {"sender": names[sender], "receiver": names[receiver], "weight": weight, "significant": weight > 0}
        for receiver, row in enumerate(weights.tolist())
        for sender, weight in enumerate(row)
        if sender != receiver and np.isfinite(weight)
    ]
    return pl.DataFrame(
        rows, schema={name: EDGE_TYPES[name] for name in ("sender", "receiver", "weight", "significant")}
    )


def structure_of(weights, *, are_lasting=True):
    return graph_structure(edges_of(weights), names_of(len(weights)), CONFIG, are_lasting=are_lasting)


def drawn(n_agents, rng):
    """Receivers that choose senders independently, some more of them and with more weight than others."""
    weights = rng.exponential(size=(n_agents, n_agents)) * rng.exponential(size=(n_agents, 1))
    for receiver in range(n_agents):
        others = rng.permutation(np.delete(np.arange(n_agents), receiver))
        weights[receiver, others[rng.integers(1, 4) :]] = 0.0
    return weights


def test_figures_by_hand():
    # 0 and 1 share 2 of their 3 and 2; 2 draws 1 on 0, and nobody draws on 2.
    structure, notices = structure_of(np.array([[0, 2, 0], [3, 0, 0], [1, 0, 0]], dtype=float))
    assert notices == ()
    assert structure.n_edges == 3
    assert structure.reciprocity.value == pytest.approx(4 / 6)
    # Shares 4/6, 2/6 and 0 of all weight: (0 + 2/6 + 4/6) over two others.
    assert structure.centralisation.value == pytest.approx(0.5)
    assert structure.modularity is None


def test_a_star_has_its_hub():
    weights = np.zeros((8, 8))
    weights[1:, 0] = 1.0
    structure, _ = structure_of(weights)
    assert [hub.agent for hub in structure.hubs] == ["agent_0"]
    assert structure.hubs[0].share == 1
    assert structure.centralisation.value == pytest.approx(1)
    assert structure.centralisation.p_value <= 0.01
    assert structure.reciprocity.value == 0


def test_two_cliques_are_two_communities_that_reciprocate():
    weights = np.kron(np.eye(2), np.ones((4, 4)))
    np.fill_diagonal(weights, 0)
    structure, _ = structure_of(weights)
    names = names_of(8)
    assert structure.communities == (tuple(names[:4]), tuple(names[4:]))
    assert structure.modularity.value == pytest.approx(0.5)
    assert structure.reciprocity.value == pytest.approx(1)
    assert structure.reciprocity.p_value <= 0.02
    assert structure.hubs == ()


def test_receivers_that_choose_independently_have_no_shape():
    found = [structure_of(drawn(8, np.random.default_rng(seed)))[0] for seed in range(60)]
    # 60 graphs at level .05: more than 8 happen once in a hundred times.
    for name in ("reciprocity", "centralisation", "modularity"):
        assert sum(getattr(each, name).p_value <= 0.05 for each in found) <= 8
    assert sum(bool(each.hubs) for each in found) <= 8


@pytest.mark.parametrize(
    ("weights", "are_lasting", "why"),
    [
        (np.zeros((4, 4)), True, "No edge"),
        (np.ones((4, 4)), False, "filled anew"),
        (np.ones((2, 2)), True, "3 to 128"),
    ],
)
def test_what_has_no_shape_says_why(weights, are_lasting, why):
    structure, notices = structure_of(weights, are_lasting=are_lasting)
    assert structure is None
    assert why in notices[0].message
    assert notices[0].where == "routing.structure"


def test_significant_edges_without_weight_have_no_shape():
    edges = edges_of(np.ones((8, 8))).with_columns(pl.lit(0.0).alias("weight"))
    structure, notices = graph_structure(edges, names_of(8), CONFIG, are_lasting=True)
    assert structure is None
    assert "No edge" in notices[0].message


def test_the_order_of_agents_changes_no_figure():
    weights = drawn(7, np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(7)
    first, second = structure_of(weights)[0], structure_of(weights[np.ix_(order, order)])[0]
    assert second.reciprocity.value == pytest.approx(first.reciprocity.value)
    assert second.centralisation.value == pytest.approx(first.centralisation.value)
